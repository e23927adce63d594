import type { Clock } from "../core/clock.ts";
import type { Refusal } from "../core/event.ts";
import { isBalanced, type LedgerCounts } from "../core/ledger.ts";
import { BATCH_EVENTS } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { ResultRow } from "../core/result.ts";
import type { Settings, SourceSettings } from "../core/settings.ts";
import type { EngineRow } from "../engine/engine-row.ts";
import { FailureLog } from "./failure-log.ts";
import { type LineWatcher, Processor } from "./processor.ts";

/** A window of a million series has a million rows: only so many are in memory as what is written. */
const ROWS_AT_ONCE = 4096;

export interface ReplayOptions {
  /** What is read: a source that ends. */
  readonly input: SourceSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly seed: number;
  /** Takes rows in their order, some at a time; reading goes on when it resolves. */
  readonly onRows: (rows: readonly ResultRow[]) => Promise<void>;
  readonly onRefusal: (refusal: Refusal) => void;
  /** Told after every batch of the source how far it is; reading goes on when it resolves. */
  readonly onBatch?: (done: { readonly bytes: number; readonly events: number }) => Promise<void>;
  /** Looks at every event; the rows are the same with it, and come more slowly. */
  readonly watcher?: LineWatcher | undefined;
  readonly signal: AbortSignal;
}

export interface ReplaySummary extends LedgerCounts {
  readonly balanced: boolean;
  readonly rows: number;
  readonly seconds: number;
  readonly events_per_second: number;
}

/**
 * Reads an input to its end, fires every window and gives the rows. Deterministic: the engine's batches
 * are cut by event count, so the same events give the same rows in the same order, from a file and from
 * a pipe.
 *
 * @throws {TransientError} The input broke off: nothing is tried again here.
 */
export async function replay(settings: Settings, options: ReplayOptions): Promise<ReplaySummary> {
  const { input, clock, logger, seed, onRows, onRefusal, onBatch, watcher, signal } = options;
  const startMs = clock.monotonicMs();
  const failures = new FailureLog(logger, () => clock.monotonicMs());
  const processor = new Processor(
    { ...settings, source: input },
    { seed, nowMs: startMs, onRefusal, watcher, onRowFailure: (what) => failures.add(what) },
  );
  const reader = await input.definition.open(
    input.options,
    { cursor: undefined, waitMsMax: Infinity, log: undefined, clock, logger },
    signal,
  );
  let rows = 0;
  let bytes = 0;
  const fired: EngineRow[][] = [];
  const cut = {
    events: BATCH_EVENTS,
    onFired: (more: EngineRow[]): void => {
      if (more.length > 0) fired.push(more);
    },
  };
  const hand = async (): Promise<void> => {
    for (const part of fired) {
      rows += part.length;
      for (let at = 0; at < part.length; at += ROWS_AT_ONCE) {
        await onRows(processor.rowsOf(part.slice(at, at + ROWS_AT_ONCE)));
      }
    }
    fired.length = 0;
  };
  try {
    for (;;) {
      signal.throwIfAborted();
      const read = await reader.read(signal);
      if (read.kind === "end") break;
      if (read.kind === "empty") continue;
      const nowMs = clock.monotonicMs();
      processor.add(read.batch, { now: clock.now(), nowMs }, cut);
      bytes += read.batch.length;
      await onBatch?.({ bytes, events: processor.engine.ledger.received });
      await hand();
    }
    processor.engine.finish();
    cut.onFired(processor.fire());
    await hand();
  } finally {
    await reader.close();
    failures.flush();
  }
  const { ledger } = processor.engine;
  const seconds = (clock.monotonicMs() - startMs) / 1000;
  return {
    ...ledger,
    balanced: isBalanced(ledger),
    rows,
    seconds,
    events_per_second: seconds > 0 ? Math.round(ledger.received / seconds) : 0,
  };
}
