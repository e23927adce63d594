import { TransientError } from "../../src/core/errors.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { RefusedRow, SinkWriter } from "../../src/core/sink.ts";

/**
 * What a pipeline does with the rows of a sink, and no more: after a failure that passes it opens again, and
 * goes on behind what the sink says that it has. Row n has the sequence n + 1.
 */
export async function deliver(
  open: () => Promise<SinkWriter>,
  { rows, batchRows }: { rows: readonly ResultRow[]; batchRows: number },
): Promise<{ failures: number; refused: RefusedRow[] }> {
  const { signal } = new AbortController();
  const refused: RefusedRow[] = [];
  let writer: SinkWriter | undefined;
  let failures = 0;
  for (let at = 0; at < rows.length; ) {
    try {
      if (writer === undefined) {
        writer = await open();
        at = Math.max(at, writer.progress ?? 0);
      }
      const batch = rows.slice(at, at + batchRows);
      const outcome = await writer.write({ rows: batch, through: at + batch.length }, signal);
      for (const { index, reason } of outcome.refused) refused.push({ index: at + index, reason });
      at += batch.length;
    } catch (thrown) {
      if (!(thrown instanceof TransientError)) throw thrown;
      failures++;
      await writer?.close();
      writer = undefined;
    }
  }
  await writer?.close();
  return { failures, refused };
}
