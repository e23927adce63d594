// The same replay again and again in one process, which is warm from the second pass on: pass.ts ours|naive INPUT
// OUTPUT PASSES SLOWDOWN. Says what CPU time each pass took, with all threads of the process.
import { createReadStream, writeFileSync } from "node:fs";
import { silentLogger } from "../../../src/core/logger.ts";
import { rowToJson } from "../../../src/core/result-json.ts";
import { realClock } from "../../../src/pipeline/real-clock.ts";
import { replay } from "../../../src/pipeline/replay.ts";
import { file } from "../../../src/sources/file.ts";
import { scriptedSink } from "../../support/scripted-sink.ts";
import { scriptedSource } from "../../support/scripted-source.ts";
import { settingsOf } from "../../support/settings.ts";
import { NaiveCells } from "../baselines/naive-cells.ts";

const [program, input, output, passes, slowdown] = process.argv.slice(2);
const settings = settingsOf({
  source: scriptedSource([]).settings,
  sinks: [scriptedSink("main").settings],
});
const once = program === "ours" ? ours : naive;
const cpuSeconds: number[] = [];
for (let pass = 0; pass < Number(passes); pass++) {
  // What the pass before left behind is not the next one's to pay for.
  Bun.gc(true);
  const before = process.cpuUsage();
  await once();
  burn(secondsSince(before) * Number(slowdown), before);
  cpuSeconds.push(secondsSince(before));
}
console.log(JSON.stringify(cpuSeconds));

function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Uses CPU until the pass has had so much: what a slower engine would look like. */
function burn(seconds: number, before: NodeJS.CpuUsage): void {
  while (secondsSince(before) < seconds);
}

async function ours(): Promise<void> {
  const lines: string[] = [];
  await replay(settings, {
    input: { definition: file, options: { path: input!, follow: false } },
    clock: realClock,
    logger: silentLogger,
    seed: 7,
    onRows: async (rows) => {
      for (const row of rows) lines.push(rowToJson(row));
    },
    onRefusal: ({ detail }) => {
      throw new Error(`An event was refused: ${detail}`);
    },
    signal: new AbortController().signal,
  });
  writeFileSync(output!, `${lines.join("\n")}\n`);
}

async function naive(): Promise<void> {
  const cells = new NaiveCells();
  const options = { encoding: "utf8", highWaterMark: 262_144 } as const;
  let rest = "";
  for await (const chunk of createReadStream(input!, options)) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    cells.addLines(lines);
  }
  writeFileSync(output!, cells.rows());
}
