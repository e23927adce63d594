/** A program that writes more rows than its file may hold, and prints what became of it. */
import { sqlite } from "../../src/sinks/sqlite.ts";
import { rowOf, sinkContext } from "./sink-writing.ts";

const [path] = process.argv.slice(2);
const { signal } = new AbortController();
const writer = await sqlite.open({ path: path!, table: "aggregates" }, sinkContext(), signal);
const rows = Array.from({ length: 2000 }, (_, n) => rowOf(n + 2, { name: "n".repeat(512) }));
try {
  await writer.write({ rows, through: Number.MAX_SAFE_INTEGER }, signal);
  console.log("written");
} catch (thrown) {
  console.log(String(thrown));
} finally {
  await writer.close();
}
