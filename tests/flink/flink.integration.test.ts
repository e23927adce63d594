import { expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inputOf } from "../../src/cli/input-of.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { flinkJob } from "../../src/flink/job.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { replay } from "../../src/pipeline/replay.ts";
import { flink } from "../bench/peers/flink.ts";
import { isFull } from "../support/effort.ts";
import { flinkSettings } from "./settings.ts";

type Row = Pick<
  ResultRow,
  "rule" | "name" | "labels" | "agg_func" | "window_start" | "window_end" | "value" | "count"
>;

/** What both programs must agree on. What Flink leaves out, and says, is not looked at. */
function linesOf(rows: readonly Row[]): string[] {
  return rows
    .filter(({ rule, agg_func }) => rule !== "coded" && agg_func !== "f")
    .map(({ rule, name, labels, agg_func, window_start, window_end, value, count }) =>
      JSON.stringify([
        rule,
        name,
        Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
        agg_func,
        Number(window_start.toFixed(3)),
        Number(window_end.toFixed(3)),
        value === null ? null : Number(value.toPrecision(12)),
        count,
      ]),
    )
    .toSorted();
}

/** Quarters, which add up without rounding; a few seconds out of order, with pauses for sessions. */
function eventLines(): string {
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  let time = 1_700_000_000;
  const functions = ["sum", "avg", "min", "max", "count", undefined];
  return Array.from({ length: 3000 }, (_, i) => {
    time += i % 100 === 99 ? 40 : [0.25, 0.5, 1, 2][random(4)]!;
    const agg_func = functions[random(functions.length)];
    const event = {
      name: ["http.a", "http.b", "cpu"][random(3)],
      value: random(4000) / 4,
      timestamp: time - [0, 0, 1, 2.5][random(4)]!,
      labels: { host: ["h1", "h2"][random(2)], env: ["prod", "test", "dev"][random(3)] },
      ...(agg_func === undefined ? {} : { agg_func }),
    };
    return `${JSON.stringify(event)}\n`;
  }).join("");
}

// Flink takes half a gigabyte and half a minute: not for every run of the tests.
test.skipIf(!isFull)(
  "a job runs in Flink, and gives the rows of aggregator replay",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "aggregator-flink-"));
    try {
      const events = join(folder, "events.ndjson");
      const rows = join(folder, "rows");
      const job = join(folder, "job.sql");
      await writeFile(events, eventLines());
      const settings = flinkSettings();
      await writeFile(job, flinkJob(settings, { version: "test", events, rows }).sql);
      const { command } = await flink.install({ executable: "", say: () => {} });
      const usual = command("", "");
      const classpath = usual[usual.indexOf("-cp") + 1]!;
      const options = usual.slice(0, usual.indexOf("-cp"));
      const runner = join(import.meta.dir, "../support/FlinkSql.java");
      const child = Bun.spawn([...options, "-cp", classpath, runner, job], {
        stdout: "ignore",
        stderr: "pipe",
      });
      const said = await new Response(child.stderr).text();
      if ((await child.exited) !== 0) throw new Error(said.slice(-2000));
      const theirs = (await readdir(rows)).map((file) => readFile(join(rows, file), "utf8"));
      const flinkRows = (await Promise.all(theirs))
        .flatMap((text) => text.split("\n"))
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Row);
      const ours: ResultRow[] = [];
      await replay(settings, {
        input: inputOf(events, folder),
        clock: realClock,
        logger: silentLogger,
        seed: 1,
        onRows: async (some) => void ours.push(...some),
        onRefusal: () => undefined,
        signal: new AbortController().signal,
      });
      expect(linesOf(flinkRows)).toEqual(linesOf(ours));
      expect(flinkRows.length).toBeGreaterThan(1000);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  600_000,
);
