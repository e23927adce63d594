// `bun run bench [EVENTS]`: replays a generated file with this checkout and with the naive program, in
// turns, and compares the results before a time counts. Figures are medians; only the ratio of one run
// means anything from one day to the next.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { generate } from "./generate.ts";

const ROUNDS = 5;
const TOLERANCE = 1e-9;

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

const events = Number(process.argv[2] ?? 2_000_000);
if (!Number.isSafeInteger(events) || events < 1) {
  console.error(
    `Cannot run with "${process.argv[2]}" events: must be a whole number of at least 1`,
  );
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "aggregator-bench-"));
try {
  await bench();
} finally {
  rmSync(folder, { recursive: true });
}

async function bench(): Promise<void> {
  const root = resolve(import.meta.dir, "../..");
  const input = join(folder, "events.ndjson");
  console.log(`Generating ${events.toLocaleString("en-US")} events …`);
  const { bytes } = generate(input, events);
  const ours = join(folder, "ours.ndjson");
  const theirs = join(folder, "naive.ndjson");
  const executable = join(root, "dist/aggregator");
  const replay = ["replay", "--input", input, "--output", ours];
  const runs: Record<string, string[]> = {
    naive: [process.execPath, join(import.meta.dir, "naive.ts"), input, theirs],
    aggregator: [process.execPath, join(root, "src/main.ts"), ...replay],
  };
  if (existsSync(executable)) runs["aggregator, compiled"] = [executable, ...replay];

  const measured = new Map<string, Measured[]>(Object.keys(runs).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    // In turns, so that a slow minute of the machine is shared by all.
    for (const [name, command] of Object.entries(runs)) {
      measured.get(name)!.push(await measure(command));
      if (name !== "naive") compare(ours, theirs);
    }
  }
  print(measured, bytes);
}

async function measure(command: readonly string[]): Promise<Measured> {
  const start = performance.now();
  const child = Bun.spawn([...command], { cwd: folder, stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed: ${said}`);
  const seconds = (performance.now() - start) / 1000;
  const usage = child.resourceUsage()!;
  const cpuSeconds = Number(usage.cpuTime.total) / 1e6;
  return { seconds, cpuSeconds, peakMiB: usage.maxRSS / 2 ** 20 };
}

/** Every row of both must be there, with the same count, and the same value but for rounding. */
function compare(ours: string, theirs: string): void {
  const expected = rowsOf(theirs);
  const actual = rowsOf(ours);
  if (expected.size !== actual.size) {
    throw new Error(`Results differ: ${actual.size} rows, expected ${expected.size}`);
  }
  for (const [key, { value, count }] of expected) {
    const row = actual.get(key);
    const near =
      row !== undefined && Math.abs(row.value - value) <= TOLERANCE * Math.max(1, Math.abs(value));
    if (!near || row.count !== count) {
      throw new Error(
        `Results differ at ${key}: ${JSON.stringify(row)}, expected ${value} of ${count}`,
      );
    }
  }
}

function rowsOf(path: string): Map<string, { value: number; count: number }> {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return new Map(
    lines.map((line) => {
      const { name, agg_func, window_start, value, count } = JSON.parse(line);
      return [`${name},${agg_func},${window_start}`, { value, count }];
    }),
  );
}

function print(measured: ReadonlyMap<string, readonly Measured[]>, bytes: number): void {
  const medianOf = (name: string, of: (one: Measured) => number): number => {
    const sorted = measured
      .get(name)!
      .map(of)
      .sort((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  };
  const naive = medianOf("naive", ({ seconds }) => seconds);
  const mib = (bytes / 2 ** 20).toFixed(0);
  console.log(`${events.toLocaleString("en-US")} events, ${mib} MiB, file to rows, whole process`);
  console.log(
    `Bun ${Bun.version}, ${cpus().length} cores, medians of ${ROUNDS} runs, results equal`,
  );
  console.log("");
  console.log(
    `${"".padEnd(22)}${["M events/s", "to naive", "CPU s", "peak MiB"].map((t) => t.padStart(11)).join("")}`,
  );
  for (const name of measured.keys()) {
    const seconds = medianOf(name, (one) => one.seconds);
    const figures = [
      (events / seconds / 1e6).toFixed(2),
      (naive / seconds).toFixed(2),
      medianOf(name, (one) => one.cpuSeconds).toFixed(2),
      medianOf(name, (one) => one.peakMiB).toFixed(0),
    ];
    console.log(`${name.padEnd(22)}${figures.map((text) => text.padStart(11)).join("")}`);
  }
}
