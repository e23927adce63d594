import { describe, expect, test } from "bun:test";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ResultRow } from "../../src/core/result.ts";
import { installExecutable } from "../support/executable.ts";

/** A row of exact arithmetic: computed with rationals, rounded once. */
interface Exact {
  readonly name: string;
  readonly func: string;
  readonly start: number;
  readonly end: number;
  readonly value: number;
  readonly count: number;
}

const folder = join(import.meta.dir, "../data/nab");

const CONFIG = `
import { defineConfig, eventFunction, tumbling } from "aggregator";

export default defineConfig({
  rules: { hourly: { window: tumbling("1h"), aggregate: eventFunction() } },
});
`;

async function expectedRows(): Promise<Exact[]> {
  const packed = await Bun.file(join(folder, "expected.json.gz")).bytes();
  const { rows } = JSON.parse(new TextDecoder().decode(Bun.gunzipSync(packed))) as {
    rows: Exact[]; // the file is ours
  };
  return rows;
}

describe("aggregator replay over the measurements of the Numenta Anomaly Benchmark", () => {
  test("gives every row of exact arithmetic", async () => {
    await using aggregator = await installExecutable();
    await copyFile(join(folder, "events.ndjson.gz"), join(aggregator.folder, "events.ndjson.gz"));
    await writeFile(join(aggregator.folder, "aggregator.config.ts"), CONFIG);
    const args = ["replay", "--input", "events.ndjson.gz", "--json"];
    const { code, stdout, stderr } = await aggregator.run(args);
    expect(code).toBe(0);
    expect(JSON.parse(stderr)).toMatchObject({
      received: 83_404,
      aggregated: 83_404,
      balanced: true,
      rows: 8_534,
    });

    const expected = await expectedRows();
    const got = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as ResultRow); // compared below
    expect(got).toHaveLength(8_534);
    expect(got.every(({ revision, rule }) => revision === 0 && rule === "hourly")).toBe(true);
    const key = (name: string, func: string, start: number): string =>
      JSON.stringify([start, name, func]);
    const rows = new Map(got.map((row) => [key(row.name, row.agg_func, row.window_start), row]));
    expect(rows.size).toBe(8_534);
    const wrong = expected.filter(({ name, func, start, end, value, count }) => {
      const row = rows.get(key(name, func, start));
      return (
        row === undefined ||
        row.window_end !== end ||
        row.count !== count ||
        row.value === null ||
        !(Math.abs(row.value - value) <= 1e-12 * Math.abs(value))
      );
    });
    expect(wrong).toEqual([]);
    expect(expected).toHaveLength(8_534);
  }, 60_000);
});
