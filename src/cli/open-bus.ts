import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Hono } from "hono";
import { createBus } from "../bus/bus.ts";
import { BusCounts } from "../bus/bus-counts.ts";
import type { Clock } from "../core/clock.ts";
import type { EventLog } from "../core/event-log.ts";
import type { Logger } from "../core/logger.ts";
import { PRIVATE } from "../core/private.ts";
import type { Settings } from "../core/settings.ts";
import { millisOf } from "../core/time.ts";
import { eventChecksOf } from "../pipeline/event-check.ts";
import { openJournal } from "../state/journal.ts";
import { sealOf } from "../state/seal.ts";

/** Metrics are looked at, not kept: some days of a service that sends its own every ten seconds. */
const METRICS_BYTES_MAX = 64 * 1024 * 1024;

export interface OpenBusOptions {
  readonly settings: Settings;
  /** Folder of everything that the bus keeps; made when it is missing. */
  readonly dir: string;
  /** `"in-process"`: what our own pipeline has not committed is kept; `"none"`: size and age decide. */
  readonly reader: "in-process" | "none";
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends every wait of a client. */
  readonly stopping: AbortSignal;
}

/** Our own bus, on disk and ready to be served. */
export interface OpenBus {
  readonly app: Hono;
  readonly events: EventLog;
  readonly metrics: EventLog;
  readonly counts: BusCounts;
  /** From now on these settings say what an event is. */
  follow(settings: Settings): void;
  /** After the last request. May be called twice. */
  close(): Promise<void>;
}

/**
 * Opens the bus in a folder.
 *
 * @throws {FatalError} Another process holds it, or it is damaged.
 */
export async function openBus(options: OpenBusOptions): Promise<OpenBus> {
  const { settings, dir, reader, clock, logger, stopping } = options;
  const { bytesMax, retention } = settings.bus;
  const seal = sealOf(settings.state.key);
  const journal = { clock, logger, retentionMs: millisOf(retention), seal };
  await mkdir(dir, { recursive: true, mode: PRIVATE.folder });
  const events = await openJournal({ ...journal, folder: join(dir, "events"), bytesMax, reader });
  try {
    const metrics = await openJournal({
      ...journal,
      folder: join(dir, "metrics"),
      bytesMax: Math.min(bytesMax, METRICS_BYTES_MAX),
      reader: "none",
    });
    let checks = eventChecksOf(settings);
    const counts = new BusCounts();
    const app = createBus({
      events,
      metrics,
      // What no rule could take is refused here: the producer learns it at once, not from a dead letter.
      checks: () => checks,
      popCursorPath: join(dir, "pop-cursor"),
      clock,
      logger,
      stopping,
      counts,
    });
    return {
      app,
      events,
      metrics,
      counts,
      follow: (changed) => void (checks = eventChecksOf(changed)),
      async close() {
        await events.close();
        await metrics.close();
      },
    };
  } catch (failure) {
    await events.close();
    throw failure;
  }
}
