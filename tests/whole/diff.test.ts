import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installExecutable } from "../support/executable.ts";
import { configure } from "../support/service.ts";

const BUILD_MS = 120_000;

const config = (rules: string, more = ""): string => `
import { count, defineConfig, file, quantile, sqlite, stdout, sum, tumbling } from "aggregator";

export default defineConfig({
  name: "plant-7",
  source: file({ path: "events.ndjson" }),
  rules: { ${rules} },
  sinks: { rows: sqlite({ path: "rows.sqlite" })${more} },
  status: { port: 0 },
});
`;

const STEADY = 'steady: { window: tumbling("1m"), aggregate: { total: sum() } },';
const GONE = 'gone: { window: tumbling("10m"), aggregate: count() },';
const CODE =
  'code: { window: tumbling("1m"), aggregate: sum(), where: (event) => event.value > 1 },';
const moving = (size: string): string =>
  `moving: { window: tumbling("${size}"), aggregate: { p: quantile(0.9) } },`;

// A whole hour, and the newest event 100 s into it.
const T = 1_699_999_200;

describe("aggregator diff", () => {
  test(
    "tells what changes, and what becomes of the windows that are open",
    async () => {
      await using aggregator = await installExecutable();
      const events = [0, 30, 61, 100].map((at) => {
        return `${JSON.stringify({ name: "cpu", value: 2, timestamp: T + at })}\n`;
      });
      await writeFile(join(aggregator.folder, "events.ndjson"), events.join(""));
      await configure(aggregator, config(STEADY + GONE + moving("5m") + CODE));
      await writeFile(
        join(aggregator.folder, "new.config.ts"),
        config(
          STEADY + moving("2m") + CODE.replace("> 1", "> 2") + GONE.replace("gone", "come"),
          ", out: stdout()",
        ),
      );

      // Without a state nothing is known of windows.
      const early = await aggregator.run(["diff", "new.config.ts"]);
      expect(early.code).toBe(1);
      expect(early.stdout).toContain("State: there is none");
      expect((await aggregator.run(["run"])).code).toBe(0);

      const same = await aggregator.run(["diff", "aggregator.config.ts"]);
      expect({ code: same.code, stdout: same.stdout.split("\n")[0] }).toEqual({
        code: 0,
        stdout: "Nothing changes",
      });

      const told = await aggregator.run(["diff", "new.config.ts"]);
      expect(told.stdout).toBe(
        `What changes:
  rule    steady: its state is kept
          to rows → rows, out
  rule    moving: changed
          window tumbling("5m") → tumbling("2m")
          to rows → rows, out
          1 open window: those that begin before B finish under the old meaning, from B on the new one holds
          B is 2023-11-14T22:02:00.000Z (1699999320), as things stand
  rule    code: changed
          where other code → this code
          to rows → rows, out
          1 open window: those that begin before B finish under the old meaning, from B on the new one holds
          B is 2023-11-14T22:02:00.000Z (1699999320), as things stand
          a restart gives them up, since their code is gone; a reload (SIGHUP) does not
  rule    come: added; windows that have begun by then are partial
  rule    gone: removed; 1 open window given up
  sink    out added
`,
      );
      expect(told.code).toBe(1);

      const json = await aggregator.run(["diff", "--json", "new.config.ts"]);
      expect(JSON.parse(json.stdout)).toMatchObject({
        same: false,
        rules: [
          { rule: "steady", kind: "adjusted" },
          { rule: "moving", kind: "changed" },
          { rule: "code", kind: "changed" },
          { rule: "come", kind: "added" },
          { rule: "gone", kind: "removed" },
        ],
        sinks: [{ sink: "out", kind: "added" }],
        state: { rules: { moving: { open: 1, boundary: T + 120, givenUpByRestart: false } } },
      });

      await writeFile(join(aggregator.folder, "bad.config.ts"), config('steady: { window: "1m" }'));
      const bad = await aggregator.run(["diff", "bad.config.ts"]);
      expect({ code: bad.code, stdout: bad.stdout }).toEqual({ code: 78, stdout: "" });
      expect(bad.stderr).toContain("rules.steady.window");

      // What is written is no other meaning: the state folder, and the name, wait for a restart.
      await writeFile(
        join(aggregator.folder, "moved.config.ts"),
        config(STEADY + GONE + moving("5m") + CODE).replace("plant-7", "plant-8"),
      );
      const moved = await aggregator.run(["diff", "moved.config.ts"]);
      expect(moved.code).toBe(1);
      expect(moved.stdout).toContain("RESTART name");
    },
    BUILD_MS,
  );
});
