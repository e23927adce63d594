import { readFileSync, statfsSync } from "node:fs";
import { cpus, freemem, loadavg, totalmem } from "node:os";
import type { BusEvent } from "../../core/event.ts";

interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/**
 * Real measurements of the machine that runs the demo, as events of the bus. Counters (CPU time, bytes
 * of the network) become differences since the last look; what a platform does not tell is left out.
 */
export class MachineMeter {
  #cpus = cpuTimes();
  #network = networkBytes();

  /** What the machine does now. @param now Unix seconds. */
  measure(now: number): BusEvent[] {
    const events: BusEvent[] = [];
    const add = (name: string, value: number | undefined, agg_func: string): void => {
      if (value === undefined || !Number.isFinite(value)) return;
      events.push({ name, value: Math.round(value * 1000) / 1000, timestamp: now, agg_func });
    };
    for (const [core, percent] of this.#cpuPercents().entries()) {
      add(`cpu.${core}.busy_percent`, percent, "avg");
      add("cpu.busy_percent", percent, "max");
    }
    add("load.1m", loadavg()[0], "avg");
    add("memory.used_mib", (totalmem() - freemem()) / 2 ** 20, "avg");
    add("disk.free_gib", freeDiskGib(), "min");
    const network = this.#networkDifference();
    add("network.received_bytes", network?.received, "sum");
    add("network.sent_bytes", network?.sent, "sum");
    return events;
  }

  #cpuPercents(): number[] {
    const before = this.#cpus;
    this.#cpus = cpuTimes();
    return this.#cpus.map((after, core) => {
      const total = after.total - (before[core]?.total ?? 0);
      return total > 0 ? (100 * (after.busy - (before[core]?.busy ?? 0))) / total : Number.NaN;
    });
  }

  #networkDifference(): { received: number; sent: number } | undefined {
    const before = this.#network;
    this.#network = networkBytes();
    if (before === undefined || this.#network === undefined) return undefined;
    return {
      received: this.#network.received - before.received,
      sent: this.#network.sent - before.sent,
    };
  }
}

function cpuTimes(): CpuTimes[] {
  return cpus().map(({ times }) => {
    const total = times.user + times.nice + times.sys + times.idle + times.irq;
    return { busy: total - times.idle, total };
  });
}

function freeDiskGib(): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(".");
    return (Number(bavail) * Number(bsize)) / 2 ** 30;
  } catch {
    return undefined;
  }
}

/** The bytes of all interfaces since boot, where the kernel is Linux. */
function networkBytes(): { received: number; sent: number } | undefined {
  try {
    let received = 0;
    let sent = 0;
    for (const line of readFileSync("/proc/net/dev", "utf8").split("\n").slice(2)) {
      const columns = line
        .slice(line.indexOf(":") + 1)
        .trim()
        .split(/\s+/)
        .map(Number);
      received += columns[0] ?? 0;
      sent += columns[8] ?? 0;
    }
    return Number.isFinite(received + sent) ? { received, sent } : undefined;
  } catch {
    return undefined;
  }
}
