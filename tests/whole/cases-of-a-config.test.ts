import { describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installExecutable } from "../support/executable.ts";
import { configure } from "../support/service.ts";

const CASE_MS = 120_000;

const T = 1_700_000_040;

const events = [
  { name: "a", value: 1, timestamp: T },
  { name: "a", value: 2, timestamp: T + 8 },
  { name: "a", value: 4, timestamp: T + 5, labels: { host: "x" } },
  { name: "a", value: 8, timestamp: T + 90 },
  { name: "a", value: 16, timestamp: T + 1 },
];

describe("a configuration that is tested by the executable alone", () => {
  test(
    "has its cases written, run and broken, and says of an event what became of it",
    async () => {
      await using aggregator = await installExecutable();
      const { folder } = aggregator;
      const config = (
        value: string,
      ): string => `import { defineConfig, sum, tumbling } from "aggregator";
         export default defineConfig({
           rules: { minute: { window: tumbling("60s"), where: ({ labels }) => labels.host !== "x",
                              map: ({ value }) => ({ value: ${value} }), aggregate: { total: sum() } } },
         });`;
      await configure(aggregator, config("value"));
      await mkdir(join(folder, "cases/first"), { recursive: true });
      const input = events.map((event) => `${JSON.stringify(event)}\n`).join("");
      await writeFile(join(folder, "cases/first/events.ndjson"), input);

      expect((await aggregator.run(["test", "--update"])).code).toBe(0);
      const rows = await readFile(join(folder, "cases/first/expected.ndjson"), "utf8");
      expect(
        rows
          .trim()
          .split("\n")
          .map((row) => JSON.parse(row).value),
      ).toEqual([3, 8]);
      const right = await aggregator.run(["test"]);
      expect([right.code, right.stdout]).toEqual([
        0,
        expect.stringContaining("All right: 1 case, "),
      ]);

      await configure(aggregator, config("value + 1"));
      const wrong = await aggregator.run(["test"]);
      expect([wrong.code, wrong.stdout]).toEqual([
        1,
        expect.stringContaining("value  expected 3, received 5\n"),
      ]);

      const why = await aggregator.run([
        "why",
        "--input",
        "cases/first/events.ndjson",
        "--line",
        "3",
      ]);
      expect(why.stdout).toEndWith(
        "  Filtered: no rule wants it.\n" +
          `  The watermark stood at 2023-11-14T22:14:03Z (${T + 3}).\n  minute: not wanted by where\n`,
      );
      const replayed = await aggregator.run(
        ["replay", "--input", "-", "--output", "rows.ndjson", "--explain", "-"],
        { stdin: input },
      );
      expect(replayed.stdout.trim().split("\n").map((line) => JSON.parse(line).outcome)).toEqual([
        "aggregated", "aggregated", "filtered", "aggregated", "late",
      ]); // biome-ignore format: a word an event
    },
    CASE_MS,
  );
});
