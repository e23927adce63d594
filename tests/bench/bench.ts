// `bun run bench [EVENTS]`: replays a generated file with this checkout and with the naive program, in
// turns, and compares the results before a time counts. Figures are medians; only the ratio of one run
// means anything from one day to the next.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { benchDurability } from "./durability.ts";
import { benchEngineKinds } from "./engine-kinds.ts";
import { generate } from "./generate.ts";

const ROUNDS = 5;
const TOLERANCE = 1e-9;
/** The kernel keeps the peak, so that looking seldom misses only the last moment. */
const PEAK_EVERY_MS = 20;

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
  const main = [process.execPath, join(root, "src/main.ts")];
  const executable = join(root, "dist/aggregator");
  const replay = ["replay", "--input", input, "--output", ours];
  // What `run` does besides: checkpoints, the outbox, dead letters, all on disk.
  writeFileSync(
    join(folder, "aggregator.config.ts"),
    `import { defineConfig, file, stdout } from "aggregator";
     export default defineConfig({
       source: file({ path: ${JSON.stringify(input)} }),
       sinks: { out: stdout() },
       status: { port: 0 },
     });`,
  );
  const runs: Record<string, readonly string[]> = {
    naive: [process.execPath, join(import.meta.dir, "naive.ts"), input, theirs],
    "replay, no state": [...main, ...replay],
    "run, durable state": [...main, "run"],
  };
  if (existsSync(executable)) {
    runs["replay, executable"] = [executable, ...replay];
    runs["run, executable"] = [executable, "run"];
  }

  const measured = new Map<string, Measured[]>(Object.keys(runs).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    // In turns, so that a slow minute of the machine is shared by all.
    for (const [name, command] of Object.entries(runs)) {
      rmSync(join(folder, "aggregator-data"), { recursive: true, force: true });
      const output = command.at(-1) === "run" ? ours : undefined;
      measured.get(name)!.push(await measure(command, output));
      if (name !== "naive") compare(ours, theirs);
    }
  }
  print(measured, bytes);
  benchEngineKinds();
  benchDurability();
}

async function measure(command: readonly string[], output?: string): Promise<Measured> {
  const start = performance.now();
  const child = Bun.spawn([...command], {
    cwd: folder,
    stdout: output === undefined ? "ignore" : Bun.file(output),
    stderr: "pipe",
  });
  let peakKiB = 0;
  const watching = setInterval(() => {
    peakKiB = Math.max(peakKiB, peakOf(child.pid));
  }, PEAK_EVERY_MS);
  const said = await new Response(child.stderr).text();
  clearInterval(watching);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed: ${said}`);
  const seconds = (performance.now() - start) / 1000;
  const usage = child.resourceUsage()!;
  const cpuSeconds = Number(usage.cpuTime.total) / 1e6;
  return { seconds, cpuSeconds, peakMiB: peakKiB / 2 ** 10 };
}

/** The most memory that a process has had, as the kernel of Linux tells; 0 where it does not. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
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
