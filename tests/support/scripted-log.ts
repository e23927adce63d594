import type { SourceSettings } from "../../src/core/settings.ts";
import { defineSource } from "../../src/core/source.ts";
import { batchOf } from "./scripted-source.ts";

/** A source over a list of events that grows when the test says so; its cursor counts them. */
export function scriptedLog(events: readonly object[]): {
  readonly settings: SourceSettings;
  /** Shows the events before this place. */
  show(count: number): void;
} {
  let shown = 0;
  const waiting = new Set<() => void>();
  const definition = defineSource<unknown, unknown>({
    name: "scripted-log",
    summary: "Hands out a list of events from any cursor.",
    replay: () => "cursor",
    carriesMetrics: false,
    options: { "~standard": { version: 1, vendor: "test" } },
    example: {},
    describe: () => "a list",
    async open(_options, context) {
      let at = Number(context.cursor ?? 0);
      return {
        async read(signal) {
          while (at >= shown && !signal.aborted) {
            await new Promise<void>((resolve) => {
              waiting.add(resolve);
              signal.addEventListener("abort", () => resolve(), { once: true });
            });
          }
          signal.throwIfAborted();
          const from = at;
          // Small batches, so that firings and checkpoints lie between.
          at = Math.min(at + 5, shown);
          const batch = batchOf(events.slice(from, at), {
            cursor: String(at),
            pending: shown - at,
          });
          return { kind: "batch", batch };
        },
        async ack() {},
        async close() {},
      };
    },
  });
  return {
    settings: { definition, options: {} },
    show(count) {
      shown = count;
      for (const wake of waiting) wake();
      waiting.clear();
    },
  };
}
