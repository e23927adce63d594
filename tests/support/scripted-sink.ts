import type { ResultRow } from "../../src/core/result.ts";
import type { SinkSettings } from "../../src/core/settings.ts";
import { defineSink, type RefusedRow } from "../../src/core/sink.ts";

/** What one write does: keep the rows, throw before keeping them, throw after, or refuse some. */
export type WriteStep = "keep" | { before: Error } | { after: Error } | { refuse: RefusedRow[] };

/** A sink that keeps rows in memory by id and misbehaves by a script; then it keeps all. */
export function scriptedSink(
  name: string,
  steps: readonly WriteStep[] = [],
): { settings: SinkSettings; rows: Map<string, ResultRow>; sequences: number[] } {
  const left = [...steps];
  const rows = new Map<string, ResultRow>();
  const sequences: number[] = [];
  const definition = defineSink<Record<string, never>, Record<string, never>>({
    name: "scripted",
    summary: "Keeps rows in memory.",
    delivery: "idempotent",
    options: { "~standard": { version: 1, vendor: "test" } },
    example: {},
    describe: () => "memory",
    async open() {
      return {
        async write(batch) {
          const step = left.shift() ?? "keep";
          if (typeof step === "object" && "before" in step) throw step.before;
          const refused = typeof step === "object" && "refuse" in step ? step.refuse : [];
          for (const [index, row] of batch.rows.entries()) {
            if (!refused.some((one) => one.index === index)) rows.set(row.id, row);
          }
          sequences.push(batch.through);
          if (typeof step === "object" && "after" in step) throw step.after;
          return { refused };
        },
        async close() {},
      };
    },
  });
  return { settings: { name, definition, options: {} }, rows, sequences };
}
