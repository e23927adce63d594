// The program that one writes first: split into lines, JSON.parse, a Map by a joined key. The baseline of
// most figures.
import { createReadStream, writeFileSync } from "node:fs";
import { NaiveCells } from "./naive-cells.ts";

const [input, output] = process.argv.slice(2);
const cells = new NaiveCells();
const options = { encoding: "utf8", highWaterMark: 262_144 } as const;
const chunks =
  input === "-" ? process.stdin.setEncoding("utf8") : createReadStream(input!, options);
let rest = "";
for await (const chunk of chunks) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop()!;
  cells.addLines(lines);
}
if (rest !== "") cells.add(rest);
writeFileSync(output!, cells.rows());
