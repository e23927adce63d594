import { readdirSync, readFileSync } from "node:fs";
import { Buckets } from "../../core/buckets.ts";
import type { Clock } from "../../core/clock.ts";
import { METRICS } from "./catalog.ts";
import type { MetricSet } from "./metric-set.ts";

/** How often it is looked whether timers are late: rare enough to cost nothing. */
const LOOK_EVERY_MS = 500;

/** How late timers are: what keeps the thread keeps everything waiting. */
export class LoopDelay {
  readonly buckets = new Buckets(METRICS.aggregator_event_loop_delay_seconds.bounds);
  /** Of the last look, in seconds. */
  last = 0;

  /** Looks until `signal` aborts. Never rejects. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      await clock.sleep(LOOK_EVERY_MS, signal);
      if (signal.aborted) return;
      this.last = Math.max(clock.monotonicMs() - startMs - LOOK_EVERY_MS, 0) / 1000;
      this.buckets.observe(this.last);
    }
  }
}

/** What the process takes of the machine, under the names that every client library of Prometheus uses. */
export function collectProcess(set: MetricSet, delay: LoopDelay): void {
  const { user, system } = process.cpuUsage();
  set.set("process_cpu_user_seconds_total", user / 1e6);
  set.set("process_cpu_system_seconds_total", system / 1e6);
  set.set("process_cpu_seconds_total", (user + system) / 1e6);
  set.set("process_start_time_seconds", startedAt);
  const { rss, heapTotal } = process.memoryUsage();
  set.set("process_resident_memory_bytes", rss);
  set.set("process_heap_bytes", heapTotal);
  const virtual = virtualBytes();
  if (virtual !== undefined) set.set("process_virtual_memory_bytes", virtual);
  const files = openFiles();
  if (files !== undefined) {
    set.set("process_open_fds", files.open);
    set.set("process_max_fds", files.max);
  }
  set.set("nodejs_eventloop_lag_seconds", delay.last);
  set.histogram("aggregator_event_loop_delay_seconds", delay.buckets);
}

const startedAt = Math.round(Date.now() / 1000 - process.uptime());

/** Undefined: this system does not tell. */
function virtualBytes(): number | undefined {
  const [, kilobytes] = /^VmSize:\s+(\d+) kB$/m.exec(readIfThere("/proc/self/status")) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function openFiles(): { readonly open: number; readonly max: number } | undefined {
  const [, max] = /^Max open files\s+(\d+|unlimited)/m.exec(readIfThere("/proc/self/limits")) ?? [];
  if (max === undefined) return undefined;
  try {
    // One of them is that of the folder that is being read.
    const open = readdirSync("/proc/self/fd").length - 1;
    return { open, max: max === "unlimited" ? Infinity : Number(max) };
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
