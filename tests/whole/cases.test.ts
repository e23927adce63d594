import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, queryRows, rowsIn, startService } from "../support/service.ts";
import { startSlowBus } from "./slow-bus.ts";

// Faults that were reported of programs of this kind, with what is right. Those that need no clock and no
// server are golden cases.

const CASE_MS = 120_000;

describe("one fast clock", () => {
  test(
    "makes nobody else late",
    async () => {
      await using aggregator = await installExecutable();
      const minute = Math.floor(Date.now() / 60_000) * 60;
      const temp = (value: number, at: number): string =>
        `${JSON.stringify({ name: "temp", value, timestamp: minute + at })}\n`;
      await configure(
        aggregator,
        `import { defineConfig, eventFunction, stdin, stdout, tumbling } from "aggregator";
         export default defineConfig({
           source: stdin(),
           rules: { minute: { window: tumbling("60s"), allowedLateness: "60s", aggregate: eventFunction() } },
           sinks: { out: stdout() },
           time: { outOfOrderness: "0s" },
           status: { port: 0 },
         });`,
      );
      const honest = Array.from({ length: 10 }, (_, i) => temp(i + 1, (i - 9) * 60));
      const input = [
        temp(1000, -720),
        temp(2000, -600),
        temp(7, 86_400),
        ...honest.slice(0, 3),
        '{"name":"temp","value":77,"timestamp":9999999999999}\n',
        ...honest.slice(3),
      ].join("");
      const { code, stdout } = await aggregator.run(["run"], { stdin: input });
      expect(code).toBe(0);
      const rows = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(
        rows.map(({ window_start, value, count }) => [window_start - minute, value, count]),
      ).toEqual([
        [-720, 1000, 1],
        [-600, 2000, 1],
        ...Array.from({ length: 10 }, (_, i) => [(i - 9) * 60, i + 1, 1]),
      ]);
      const state = join(aggregator.folder, "aggregator-data/state.sqlite");
      const letters = queryRows(state, "select reason, at, body from dead_letters order by seq");
      expect(letters.map((letter) => [letter["reason"], letter["at"]])).toEqual([
        ["future", "line 3"],
        ["invalid_timestamp", "line 7"],
      ]);
      const body = new TextDecoder().decode(letters[1]!["body"] as Uint8Array); // a blob, by the schema
      expect(body).toContain("9999999999999 in seconds is outside");
    },
    CASE_MS,
  );
});

describe("a bus that asks for patience", () => {
  test(
    "gets it, and every event counts once",
    async () => {
      await using aggregator = await installExecutable();
      const event = (value: number, at: number, id: string): object => {
        return { name: "a", value, timestamp: 1_729_864_200 + at, id };
      };
      const bus = startSlowBus([
        { events: [event(1, 0, "e1"), event(2, 1, "e2")] },
        { status: 429, headers: { "Retry-After": "3" } },
        { status: 503 },
        { status: 503 },
        { status: 204 },
        { events: [] },
        { events: [event(4, 2, "e3")] },
        { refuseForMs: 10_000 },
        { events: [event(8, 3, "e4")] },
        { status: 429, headers: { "Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT" } },
        { events: [event(16, 4, "e5")] },
        { events: [{ name: "end", value: 0, timestamp: 1_729_864_800, id: "e6" }] },
      ]);
      try {
        await configure(
          aggregator,
          `import { defineConfig, eventFunction, tumbling, vabus } from "aggregator";
           export default defineConfig({
             source: vabus({ url: "${bus.url}" }),
             rules: { minute: { window: tumbling("60s"), allowedLateness: "60s", aggregate: eventFunction() } },
             time: { outOfOrderness: "0s", idleTimeout: "off" },
             status: { port: 0 },
           });`,
        );
        const { running, url } = await startService(aggregator);
        const reasons = new Set<string>();
        for (;;) {
          const health = await getJson<{ reasons?: string[] }>(`${url}/healthz`);
          for (const reason of health.reasons ?? []) reasons.add(reason.replace(/[0-9.]+/g, "N"));
          const ledger = await getJson<{ received: number }>(`${url}/ledger`);
          if (ledger.received >= 6) break;
          await Bun.sleep(100);
        }
        // Some quiet seconds, to see how often it asks when nothing comes.
        const quietFrom = bus.requests.length;
        await Bun.sleep(3_000);
        const quiet = bus.requests.length - quietFrom;
        expect((await running.stop()).code).toBe(0);
        expect(rowsIn(join(aggregator.folder, "aggregates.sqlite"), "name, value, count")).toEqual([
          { name: "a", value: 31, count: 5 },
        ]);
        const limited = bus.requests.findIndex(({ answer }) => answer === "429");
        expect(
          bus.requests[limited + 1]!.atMs - bus.requests[limited]!.atMs,
        ).toBeGreaterThanOrEqual(3_000);
        expect(quiet).toBeLessThanOrEqual(15);
        expect([...reasons].some((reason) => reason.startsWith("source: "))).toBe(true);
      } finally {
        await bus.stop();
      }
    },
    CASE_MS,
  );
});

describe("a window of thirty days", () => {
  test(
    "waits without working, and closes nothing early",
    async () => {
      await using aggregator = await installExecutable();
      await configure(
        aggregator,
        `import { defineConfig, eventFunction, stdin, tumbling } from "aggregator";
         export default defineConfig({
           source: stdin({ follow: true }),
           rules: { month: { window: tumbling("30d"), allowedLateness: "1d", aggregate: eventFunction() } },
           time: { outOfOrderness: "0s", idleTimeout: "30d" },
           status: { port: 0 },
         });`,
      );
      const { running, url } = await startService(aggregator);
      running.feed('{"name":"bill","value":1,"timestamp":1728864000}\n');
      running.feed('{"name":"bill","value":4,"timestamp":1730592000}\n');
      await Bun.sleep(1_000);
      const before = cpuSeconds(running.pid);
      await Bun.sleep(6_000);
      const used = cpuSeconds(running.pid) - before;
      const status = (await (await fetch(`${url}/status`)).json()) as {
        rules: { fired: number }[];
      };
      expect(status.rules[0]!.fired).toBe(0);
      const { code, stderr } = await running.stop();
      expect(code).toBe(0);
      expect(stderr).not.toContain("Timeout");
      // Less than one second of CPU in thirty.
      expect(used).toBeLessThan(0.2);
    },
    CASE_MS,
  );
});

describe("odd names", () => {
  const names = [
    'MacBook Pro 14" registry R/W',
    "C:\\temp\\new",
    "line\nbreak",
    "tab\there",
    'back\\"both',
    "größe-日本",
    "plain",
  ];

  test(
    "do not blind a scrape, and are shown as they are everywhere else",
    async () => {
      await using aggregator = await installExecutable();
      await configure(
        aggregator,
        `import { defineConfig, stdin } from "aggregator";
         export default defineConfig({ source: stdin({ follow: true }), status: { port: 0 } });`,
      );
      const { running, url } = await startService(aggregator);
      for (const [i, name] of names.entries()) {
        running.feed(`${JSON.stringify({ name, value: i + 1, timestamp: 1_729_864_800 + i })}\n`);
      }
      running.feed('{"name":"end","value":0,"timestamp":1729865400}\n');
      for (;;) {
        const status = (await (await fetch(`${url}/status`)).json()) as {
          sinks: { written: number }[];
        };
        if (status.sinks[0]!.written === names.length) break;
        await Bun.sleep(50);
      }
      const text = await (await fetch(`${url}/metrics`)).text();
      await running.stop();
      // No label carries a name of events: their number has no bound. What is left is all well-formed.
      for (const line of text.split("\n")) expect(line).toMatch(METRICS_LINE);
      expect(text).toContain('aggregator_rows_written_total{sink="sqlite"} 7\n');
      const rows = rowsIn(join(aggregator.folder, "aggregates.sqlite"), "name, value, count");
      expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(names));
      expect(rows.every(({ name, value }) => names[Number(value) - 1] === name)).toBe(true);
    },
    CASE_MS,
  );
});

/** A line of the text format: empty, a comment, or a sample whose label values are escaped. */
const METRICS_LINE =
  /^(?:|# (?:HELP|TYPE) \S+ .*|[a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (?:[-+]?[0-9.e+-]+|NaN|[+-]Inf))$/;

/** CPU time of a process so far, from the kernel. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticksPerSecond = 100;
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
