import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { installExecutable } from "../support/executable.ts";
import { expectDashboard } from "../support/expect-dashboard.ts";
import {
  configure,
  getJson,
  openBeside,
  queryRows,
  rowsIn,
  startService,
  until,
} from "../support/service.ts";

// The executable alone in an empty folder, as a person would use it.

const BUILD_MS = 60_000;

const CONFIG = `
import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";

export default defineConfig({
  name: "plant-7",
  rules: { per_second: { window: tumbling("1s"), aggregate: eventFunction() } },
  sinks: { rows: sqlite({ path: "rows/aggregates.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  status: { port: 0 },
});
`;

describe("aggregator run", () => {
  test(
    "takes events at the embedded bus and writes their windows",
    async () => {
      await using aggregator = await installExecutable();
      await configure(aggregator, CONFIG);
      const { running, url } = await startService(aggregator);
      const now = Math.floor(Date.now() / 1000);
      const events = [
        { name: "cpu", value: 1.5, timestamp: now },
        { name: "cpu", value: 2, timestamp: now + 0.5 },
        { name: "cpu", value: 4, timestamp: now, agg_func: "max" },
        { name: "cpu", value: "4", timestamp: now },
        { name: "Größe", value: 8, timestamp: now + 1, agg_func: "avg" },
      ];
      const answer = await fetch(`${url}/vabus/events`, {
        method: "POST",
        body: JSON.stringify(events),
      });
      expect(answer.status).toBe(202);
      expect(await answer.json()).toMatchObject({
        accepted: 4,
        rejected: [{ index: 3, reason: "invalid_value" }],
      });
      // No further event comes: the idle rule closes the last window.
      await until(
        () => getJson(`${url}/status`),
        ({ sinks }) => (sinks as { written: number }[])[0]!.written === 3,
      );
      expect(await getJson(`${url}/ledger`)).toMatchObject({
        received: 4,
        aggregated: 4,
        balanced: true,
      });
      expect(await getJson(`${url}/healthz`)).toEqual({ status: "ok" });
      expect(await getJson(`${url}/readyz`)).toEqual({ ready: true });
      await expectDashboard(url);
      const { code, stderr } = await running.stop();
      expect(code).toBe(0);
      expect(stderr).not.toContain("ERR");
      const rows = rowsIn(join(aggregator.folder, "rows/aggregates.sqlite"));
      const short = rows.map((row) => [
        row["name"],
        row["agg_func"],
        row["window_start"],
        row["value"],
        row["count"],
      ]);
      expect(short).toEqual([
        ["cpu", "max", now, 4, 1],
        ["cpu", "sum", now, 3.5, 2],
        ["Größe", "avg", now + 1, 8, 1],
      ]);
    },
    BUILD_MS,
  );

  test(
    "reads a file to its end, writes every window, and exits with 0",
    async () => {
      await using aggregator = await installExecutable();
      const lines = Array.from({ length: 10_000 }, (_, i) =>
        JSON.stringify({ name: `n${i % 10}`, value: i / 4, timestamp: 1_700_000_000 + i / 10 }),
      );
      await writeFile(
        join(aggregator.folder, "events.ndjson.gz"),
        gzipSync(`${lines.join("\n")}\nbroken`),
      );
      await configure(
        aggregator,
        `import { count, defineConfig, file, sum, tumbling } from "aggregator";
         export default defineConfig({
           source: file({ path: "events.ndjson.gz" }),
           rules: { all: { window: tumbling("1h"), aggregate: { total: sum(), n: count() } } },
         });`,
      );
      const { code, stderr } = await aggregator.run(["run"], { env: { PORT: "0" } });
      expect(stderr).not.toContain("ERR");
      expect(code).toBe(0);
      const rows = rowsIn(join(aggregator.folder, "aggregates.sqlite"));
      const n = rows.filter((row) => row["agg_func"] === "n");
      expect(n.reduce((sum, row) => sum + Number(row["value"]), 0)).toBe(10_000);
      const total = rows.filter((row) => row["agg_func"] === "total");
      // Σ i/4 for i < 10,000, exact in binary.
      expect(total.reduce((sum, row) => sum + Number(row["value"]), 0)).toBe(12_498_750);
      const state = join(aggregator.folder, "aggregator-data/state.sqlite");
      expect(queryRows(state, "select reason, at from dead_letters")).toEqual([
        { reason: "invalid_json", at: "line 10001" },
      ]);
    },
    BUILD_MS,
  );

  test(
    "keeps a stream on standard input open until it is stopped",
    async () => {
      await using aggregator = await installExecutable();
      await configure(
        aggregator,
        `import { defineConfig, stdin, stdout } from "aggregator";
         export default defineConfig({
           source: stdin({ follow: true }),
           sinks: { out: stdout() },
           status: { port: 0 },
         });`,
      );
      const { running, url } = await startService(aggregator);
      running.feed('{"name":"a","value":1,"timestamp":1700000000}\n{"name":"a","value":2,"timest');
      running.feed('amp":1700000100}\n');
      const [line] = await running.waitFor(/\{.*\}/, "stdout");
      expect(JSON.parse(line)).toMatchObject({
        name: "a",
        value: 1,
        window_start: 1_699_999_980,
        count: 1,
      });
      running.feed(null);
      expect(await getJson(`${url}/windows`)).toMatchObject({
        windows: [{ count: 1, fired: false }],
      });
      const { code, stdout } = await running.stop("SIGINT");
      expect(code).toBe(0);
      // A half-filled window is never written as if it were whole.
      expect(stdout.trim().split("\n")).toHaveLength(1);
    },
    BUILD_MS,
  );

  test(
    "asks for the token that it made when it listens beyond loopback",
    async () => {
      await using aggregator = await installExecutable();
      const { running } = await startService(aggregator, { HOST: "0.0.0.0", PORT: "0" });
      const [, port] = /localhost:(\d+)\/status/.exec(running.written.stderr)!;
      const [, token] = await running.waitFor(/token\s+(\S+)/);
      const url = `http://127.0.0.1:${port}`;
      expect((await fetch(`${url}/status`)).status).toBe(401);
      expect((await fetch(`${url}/vabus/events`, { method: "POST", body: "[]" })).status).toBe(401);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const headers = { authorization: `Bearer ${token}` };
      expect((await fetch(`${url}/status`, { headers })).status).toBe(200);
      const wrong = { authorization: `Bearer ${token}x` };
      expect((await fetch(`${url}/status`, { headers: wrong })).status).toBe(401);
      await running.stop();
    },
    BUILD_MS,
  );
});

describe("a state that another process has locked", () => {
  test(
    "degrades the service, which goes on when the lock is gone",
    async () => {
      await using aggregator = await installExecutable();
      await configure(aggregator, CONFIG);
      const { running, url } = await startService(aggregator);
      const browser = openBeside(join(aggregator.folder, "aggregator-data/state.sqlite"));
      browser.exec("begin immediate");
      const event = { name: "cpu", value: 1, timestamp: Math.floor(Date.now() / 1000) };
      await fetch(`${url}/vabus/events`, { method: "POST", body: JSON.stringify(event) });
      const health = await until(
        () => getJson(`${url}/healthz`),
        ({ status }) => status === "degraded",
      );
      expect(String(health["reasons"])).toContain("another process has locked it");
      browser.exec("rollback");
      browser.close();
      await until(
        () => getJson(`${url}/status`),
        ({ sinks }) => (sinks as { written: number }[])[0]!.written === 1,
      );
      expect(await getJson(`${url}/healthz`)).toEqual({ status: "ok" });
      expect((await running.stop()).code).toBe(0);
    },
    BUILD_MS,
  );
});

describe("aggregator replay", () => {
  const events = [
    '{"name":"a","value":1,"timestamp":1700000000}',
    '{"name":"a","value":2,"timestamp":1700000100}',
    '{"name":"a","value":4,"timestamp":1699999000}',
    "nonsense",
  ].join("\n");

  test(
    "gives the same bytes from a file and from a pipe, and tells what was refused",
    async () => {
      await using aggregator = await installExecutable();
      await writeFile(join(aggregator.folder, "events.ndjson"), events);
      const fromFile = await aggregator.run(["replay", "--input", "events.ndjson"]);
      const fromPipe = await aggregator.run(["replay", "--input", "-"], { stdin: events });
      expect(fromFile.code).toBe(0);
      expect(fromPipe.stdout).toBe(fromFile.stdout);
      expect(
        fromFile.stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      ).toMatchObject([
        { name: "a", value: 1, window_start: 1_699_999_980, revision: 0 },
        { name: "a", value: 2, window_start: 1_700_000_100, revision: 0 },
      ]);
      expect(fromFile.stderr).toContain("line 3: late: late by 1075.000 s");
      expect(fromFile.stderr).toContain("line 4: invalid_json: ");
      expect(fromFile.stderr).toContain("4 events: 2 aggregated, 1 late, 1 invalid");
    },
    BUILD_MS,
  );

  test(
    "prints its summary for programs, and keeps every refused event",
    async () => {
      await using aggregator = await installExecutable();
      const args = ["replay", "--input", "-", "--json", "--dead-letters", "dead.ndjson"];
      const { stderr } = await aggregator.run(args, { stdin: events });
      expect(JSON.parse(stderr)).toMatchObject({
        received: 4,
        aggregated: 2,
        late: 1,
        invalid: 1,
        balanced: true,
        rows: 2,
      });
      const dead = await Bun.file(join(aggregator.folder, "dead.ndjson")).text();
      expect(
        dead
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line).at),
      ).toEqual(["line 3", "line 4"]);
    },
    BUILD_MS,
  );

  test(
    "corrects the rows of a sink",
    async () => {
      await using aggregator = await installExecutable();
      const into = ["replay", "--input", "-", "--to", "sqlite"];
      await aggregator.run(into, { stdin: '{"name":"a","value":1,"timestamp":1700000000}' });
      await aggregator.run(into, { stdin: '{"name":"a","value":5,"timestamp":1700000000}' });
      const rows = rowsIn(join(aggregator.folder, "aggregates.sqlite"));
      expect(rows.map((row) => row["value"])).toEqual([5]);
      const unknown = await aggregator.run(["replay", "--input", "-", "--to", "sqlte"]);
      expect(unknown.code).toBe(2);
      expect(unknown.stderr).toContain("Unknown sink sqlte");
    },
    BUILD_MS,
  );
});

describe("aggregator check", () => {
  test(
    "lists every error at once and exits with 78",
    async () => {
      await using aggregator = await installExecutable();
      await configure(
        aggregator,
        `export default { rules: { slow: { window: { kind: "tumbling", size: "5 minuts" } } }, sinkz: {} };`,
      );
      const { code, stderr } = await aggregator.run(["check"]);
      expect(code).toBe(78);
      expect(stderr).toContain("rules.slow.window");
      expect(stderr).toContain("5 minuts");
      expect(stderr).toContain("sinkz");
      expect(stderr).toContain("sinks");
      const run = await aggregator.run(["run"]);
      expect(run.code).toBe(78);
    },
    BUILD_MS,
  );

  test(
    "tries the connections when asked to",
    async () => {
      await using aggregator = await installExecutable();
      const env = { STORAGE_TYPE: "sqlite", VABUS_URL: "http://127.0.0.1:1" };
      const { code, stdout } = await aggregator.run(["check", "--connect"], { env });
      expect(code).toBe(1);
      expect(stdout).toContain("ok      sink sqlite");
      expect(stdout).toContain("FAILED  source");
    },
    BUILD_MS,
  );
});
