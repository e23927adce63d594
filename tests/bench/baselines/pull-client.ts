// Reads all pages of a bus, one ahead, as ours does: pull-client.ts count|naive URL ROWS_FILE. `count` only counts
// the events; `naive` adds them up.
import { writeFileSync } from "node:fs";
import { NaiveCells } from "./naive-cells.ts";

const [mode, url, output] = process.argv.slice(2);
const cells = new NaiveCells();
const start = performance.now();
const before = process.cpuUsage();
let events = 0;
let next: Promise<Page> | undefined = ask("0");
while (next !== undefined) {
  const { body, cursor, pending }: Page = await next;
  next = pending > 0 ? ask(cursor) : undefined;
  if (mode === "count") events += linesOf(body);
  else {
    const lines = new TextDecoder().decode(body).split("\n");
    cells.addLines(lines);
    events += lines.length - 1;
  }
}
if (mode === "naive") writeFileSync(output!, cells.rows());
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ seconds, events, cpuSeconds: (user + system) / 1e6 }));

interface Page {
  readonly body: Uint8Array;
  readonly cursor: string;
  readonly pending: number;
}

async function ask(after: string): Promise<Page> {
  const answer = await fetch(`${url}/events?after=${after}&limit=10000`);
  const body = new Uint8Array(await answer.arrayBuffer());
  return {
    body,
    cursor: answer.headers.get("VaBus-Cursor") ?? "",
    pending: Number(answer.headers.get("VaBus-Pending")),
  };
}

function linesOf(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}
