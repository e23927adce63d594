/** A program that writes a number of rows to its standard output, in batches of 1,000. */
import { stdout } from "../../src/sinks/stdout.ts";
import { rowOf, sinkContext } from "./sink-writing.ts";

const count = Number(process.argv[2]);
const stop =
  process.argv[3] === undefined ? undefined : AbortSignal.timeout(Number(process.argv[3]));
const signal = stop ?? new AbortController().signal;
const writer = await stdout.open({}, sinkContext(), signal);
try {
  for (let from = 0; from < count; from += 1000) {
    const rows = Array.from({ length: Math.min(1000, count - from) }, (_, n) => rowOf(from + n));
    await writer.write({ rows, through: from }, signal);
  }
  console.error("written");
} catch (thrown) {
  console.error(String(thrown));
} finally {
  await writer.close();
  await writer.close();
  // What a full pipe still holds back must not keep the program.
  if (signal.aborted) process.exit(0);
}
