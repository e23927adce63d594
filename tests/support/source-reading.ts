import type { Clock } from "../../src/core/clock.ts";
import type { EventLog } from "../../src/core/event-log.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { Cursor, SourceContext, SourceRead, SourceReader } from "../../src/core/source.ts";
import { epochMicros } from "../../src/core/time.ts";

/** The real clock: sources under contract talk to real files, pipes and sockets. */
export const realClock: Clock = {
  now: () => epochMicros(Math.floor(Date.now() * 1000)),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const timer = setTimeout(done, Math.max(0, ms));
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      }
      signal?.addEventListener("abort", done);
    }),
};

export function contextOf(
  options: { cursor?: Cursor; waitMsMax?: number; log?: EventLog; logger?: Logger } = {},
): SourceContext {
  return {
    cursor: options.cursor,
    waitMsMax: options.waitMsMax ?? 2_000,
    log: options.log,
    clock: realClock,
    logger: options.logger ?? silentLogger,
  };
}

/** A signal that never aborts. */
export const forever = new AbortController().signal;

/** What one batch held, copied: its bytes are valid until the next read only. */
export interface SeenBatch {
  readonly lines: string[];
  readonly places: string[];
  readonly cursor: Cursor;
  readonly refusals: readonly { reason: string; at: string; detail: string }[];
  readonly gap: string | undefined;
}

export function seen(read: SourceRead): SeenBatch | "empty" | "end" {
  if (read.kind !== "batch") return read.kind;
  const { bytes, length, cursor, refusals, gap } = read.batch;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, length));
  const all = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  const lines = length === 0 ? [] : all;
  return {
    lines: lines.filter((line) => line.trim() !== ""),
    places: lines.flatMap((line, i) => (line.trim() === "" ? [] : [read.batch.place(i)])),
    cursor,
    refusals: refusals.map(({ reason, at, detail }) => ({ reason, at, detail })),
    gap: gap?.detail,
  };
}

/** Reads batches until `events` lines came, or the source says that there are none. */
export async function readLines(reader: SourceReader, events = Infinity): Promise<SeenBatch[]> {
  const batches: SeenBatch[] = [];
  let count = 0;
  while (count < events) {
    const batch = seen(await reader.read(forever));
    if (typeof batch === "string") break;
    batches.push(batch);
    count += batch.lines.length;
  }
  return batches;
}
