// The program that one writes first: split into lines, JSON.parse, a Map by a joined key. The baseline of
// every figure, and the answer that results are compared with.
import { createReadStream, writeFileSync } from "node:fs";

const [input, output] = process.argv.slice(2);
const cells = new Map<string, { count: number; sum: number; min: number; max: number }>();
let rest = "";
for await (const chunk of createReadStream(input!, { encoding: "utf8", highWaterMark: 262_144 })) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop()!;
  for (const line of lines) if (line !== "") add(line);
}
if (rest !== "") add(rest);
const rows = [...cells].map(([key, { count, sum, min, max }]) => {
  const [name, agg_func, window_start] = key.split(",");
  const values: Record<string, number> = { sum, avg: sum / count, min, max };
  return JSON.stringify({
    name,
    agg_func,
    window_start: Number(window_start),
    value: values[agg_func!],
    count,
  });
});
writeFileSync(output!, `${rows.join("\n")}\n`);

function add(line: string): void {
  const { name, value, timestamp, agg_func } = JSON.parse(line);
  const key = `${name},${agg_func},${Math.floor(timestamp / 60) * 60}`;
  let cell = cells.get(key);
  if (cell === undefined) {
    cell = { count: 0, sum: 0, min: Infinity, max: -Infinity };
    cells.set(key, cell);
  }
  cell.count++;
  cell.sum += value;
  if (value < cell.min) cell.min = value;
  if (value > cell.max) cell.max = value;
}
