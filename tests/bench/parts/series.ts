import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Bench, Part } from "../harness/bench.ts";
import { contest, median, type Sample, type Standing, standingOf } from "../harness/contest.ts";
import { rowsIn } from "../harness/inputs.ts";
import { cpuSecondsOf, memoryOf } from "../harness/process.ts";
import { configure, within } from "../harness/service.ts";
import type { Table, TableRow } from "../harness/table.ts";
import { BASELINES } from "./programs.ts";

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const SMALLEST = SIZES[0]!;
/** Windows that are open at the same time: each series has a pane in each. */
const PANES = [1, 4];
const PROGRAMS = ["naive", "ours"] as const;

/** A program that has read all it was given uses no CPU for so long. */
const QUIET_MS = 500;
const QUIET_MS_MAX = 300_000;

// Nothing closes before the end, so that all panes are held at once.
const CONFIG = `import { defineConfig } from "aggregator";
export default defineConfig({ time: { outOfOrderness: "1h" } });
`;

/** What series cost in memory, of the whole process. */
export const series: Part = {
  name: "series",
  summary: "memory of 1,000 to 1,000,000 series in 1 and 4 open windows, against the naive program",
  async run(bench) {
    const tables: Table[] = [];
    for (const panes of PANES) tables.push(await tableOf(bench, panes));
    return tables;
  },
};

async function tableOf(bench: Bench, panes: number): Promise<Table> {
  const contestants = SIZES.flatMap((size) =>
    PROGRAMS.map((program) => ({
      name: nameOf(program, size),
      run: () => measureHeld(bench, { size, panes, program }),
    })),
  );
  const say = (text: string): void => bench.say(`${panes} open, ${text}`);
  const standings = await contest(contestants, { rounds: bench.rounds, say });
  return {
    title: `Memory: ${panes} open window${panes === 1 ? "" : "s"}, one event in each, whole process`,
    remarks: [
      "Held: when all is read and nothing has fired. Peak: with the rows of the end.",
      `A series and window: what is held beyond the memory at ${SMALLEST.toLocaleString("en-US")} series.`,
    ],
    columns: [
      { key: "held", head: "held MiB", digits: 0 },
      { key: "peak", head: "peak MiB", digits: 0 },
      { key: "bytes", head: "bytes a series and window", digits: 0 },
      { key: "naiveHeld", head: "naive: held", digits: 0 },
      { key: "naivePeak", head: "naive: peak", digits: 0 },
      { key: "naiveBytes", head: "naive: bytes", digits: 0 },
    ],
    rows: SIZES.map((size) => rowOf(size, panes, standings)),
  };
}

function nameOf(program: string, size: number): string {
  return `${program}, ${size.toLocaleString("en-US")} series`;
}

function rowOf(size: number, panes: number, standings: readonly Standing[]): TableRow {
  const heldOf = (program: string, of: number): number => {
    const standing = standingOf(standings, nameOf(program, of));
    return median(standing, ({ extra }) => extra?.["held"])!; // always measured
  };
  const bytesOf = (program: string): number | undefined => {
    if (size === SMALLEST) return undefined;
    const beyond = heldOf(program, size) - heldOf(program, SMALLEST);
    return (beyond * 2 ** 20) / (size - SMALLEST) / panes;
  };
  const ours = standingOf(standings, nameOf("ours", size));
  const naive = standingOf(standings, nameOf("naive", size));
  return {
    name: `${size.toLocaleString("en-US")} series`,
    cells: {
      held: heldOf("ours", size),
      peak: median(ours, ({ peakMiB }) => peakMiB),
      bytes: bytesOf("ours"),
      naiveHeld: heldOf("naive", size),
      naivePeak: median(naive, ({ peakMiB }) => peakMiB),
      naiveBytes: bytesOf("naive"),
    },
    samples: ours.samples,
  };
}

/** Gives a program its input by a pipe that stays open, and looks at it when it has read all. */
async function measureHeld(
  bench: Bench,
  of: { readonly size: number; readonly panes: number; readonly program: "ours" | "naive" },
): Promise<Sample> {
  const { size, panes, program } = of;
  const shape = { names: size, spread: "even", seconds: 60 * panes } as const;
  const input = bench.inputs.of(size * panes, shape);
  const cwd = bench.folder();
  configure(cwd, CONFIG);
  const output = join(cwd, "rows.ndjson");
  const command =
    program === "ours"
      ? [bench.executable, "replay", "--input", "-", "--output", output]
      : [process.execPath, join(BASELINES, "naive.ts"), "-", output];
  const start = performance.now();
  const child = Bun.spawn(command, { cwd, stdin: "pipe", stdout: "ignore", stderr: "pipe" });
  try {
    for await (const chunk of createReadStream(input.path)) {
      void child.stdin.write(chunk as Uint8Array); // no encoding is set; the flush waits for it
      await child.stdin.flush();
    }
    await quiet(child.pid);
    const before = memoryOf(child.pid);
    const held = before.nowKiB / 2 ** 10;
    let { peakKiB } = before;
    await child.stdin.end();
    const watching = setInterval(() => {
      peakKiB = Math.max(peakKiB, memoryOf(child.pid).peakKiB);
    }, 5);
    const code = await child.exited;
    clearInterval(watching);
    if (code !== 0) throw new Error(`It failed: ${await new Response(child.stderr).text()}`);
    input.answer.check(await rowsIn(output));
    const seconds = (performance.now() - start) / 1000;
    return { seconds, peakMiB: peakKiB / 2 ** 10, extra: { held } };
  } finally {
    child.kill("SIGKILL");
  }
}

async function quiet(pid: number): Promise<void> {
  let last = -1;
  const settled = await within(
    QUIET_MS_MAX,
    () => {
      const used = cpuSecondsOf(pid);
      // Collecting garbage now and then is no work.
      const isQuiet = used - last < 0.03;
      last = used;
      return isQuiet || undefined;
    },
    QUIET_MS,
  );
  if (settled === undefined) throw new Error("The program does not come to rest");
}
