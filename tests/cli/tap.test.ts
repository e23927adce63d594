import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { type Installed, installExecutable } from "../support/executable.ts";
import { onTerminal } from "../support/pty.ts";
import {
  configure,
  getJson,
  publish,
  type Service,
  startService,
  until,
} from "../support/service.ts";

// The executable taps a running service of itself.

const CONFIG = `
import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";
export default defineConfig({
  rules: {
    cpu: { match: { name: "cpu*" }, window: tumbling("1s"), aggregate: eventFunction() },
    rest: { match: { name: "[!c]*" }, window: tumbling("1s"), aggregate: eventFunction() },
  },
  sinks: { rows: sqlite({ path: "rows.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  status: { port: 0 },
});`;

let aggregator: Installed;
let service: Service;

beforeAll(async () => {
  aggregator = await installExecutable();
  await configure(aggregator, CONFIG);
  service = await startService(aggregator);
}, 60_000);

afterAll(() => aggregator[Symbol.asyncDispose]());

/** Publishes until `over`: whoever looks sees what passes from then on. */
async function feedUntil(
  over: Promise<unknown>,
  eventAt: (n: number) => readonly object[] = usual,
): Promise<void> {
  let isOver = false;
  const ended = over.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  for (let n = 0; !isOver; n++) {
    await publish(service.url, eventAt(n));
    await Promise.race([ended, Bun.sleep(100)]);
  }
}

function usual(n: number): object[] {
  const timestamp = Date.now() / 1000;
  return [
    { name: "cpu.1", value: n, timestamp, labels: { host: "a" } },
    { name: "mem", value: n, timestamp, agg_func: "max" },
  ];
}

function parsed(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("tap", () => {
  test("gives events as they came, those that are asked for, and ends at the limit", async () => {
    const args = ["tap", service.url, "--events", "--name", "c*", "--label", "host=a"];
    const tapping = aggregator.run([...args, "--limit", "3"]);
    await feedUntil(tapping);
    const { code, stdout, stderr } = await tapping;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const messages = parsed(stdout);
    expect(messages.length).toBe(3);
    for (const message of messages) {
      expect(message).toMatchObject({
        type: "event",
        at: expect.any(String),
        event: { name: "cpu.1", labels: { host: "a" } },
      });
    }
  }, 30_000);

  test("gives rows of a rule", async () => {
    const tapping = aggregator.run([
      "tap",
      service.url,
      "--rows",
      "--rule=rest",
      "--name=mem",
      "-n2",
    ]);
    await feedUntil(tapping);
    const messages = parsed((await tapping).stdout);
    expect(messages.map(({ type, rule, name }) => [type, rule, name])).toEqual([
      ["row", "rest", "mem"],
      ["row", "rest", "mem"],
    ]);
  }, 30_000);

  test("gives what is refused", async () => {
    const tapping = aggregator.run(["tap", service.url, "--refused", "-n", "1"]);
    await feedUntil(tapping, () => [{ name: "x", value: 1, timestamp: Date.now() / 1000 + 3600 }]);
    expect(parsed((await tapping).stdout)[0]).toMatchObject({ type: "refused", reason: "future" });
  }, 30_000);

  test("says what it left out", async () => {
    const tapping = aggregator.spawn(["tap", service.url, "--events", "--rate", "1"]);
    const heard = tapping.waitFor(/"type":"dropped"/, "stdout");
    await feedUntil(heard, (n) => Array.from({ length: 20 }, () => usual(n)).flat());
    const { code, stdout } = await tapping.stop("SIGINT");
    expect(code).toBe(0);
    const dropped = parsed(stdout).find(({ type }) => type === "dropped")!;
    expect(dropped["events"]).toBeGreaterThan(10);
    expect(dropped["passed"]).toBeGreaterThanOrEqual(Number(dropped["events"]));
  }, 30_000);

  test("goes on after a cut, with the rows that it missed", async () => {
    const proxy = await startCuttingProxy(Number(new URL(service.url).port));
    const base = `http://127.0.0.1:${proxy.port}`;
    const tapping = aggregator.spawn(["tap", base, "--rows", "--rule", "cpu"]);
    await feedUntil(tapping.waitFor(/"type":"row"/, "stdout"));
    proxy.cutAt((request) => request.toString().includes("/healthz"), "before");
    await fetch(`${base}/healthz`).catch(() => undefined);
    await feedUntil(tapping.waitFor(/"type":"resumed"[^]*"type":"row"/, "stdout"));
    const { stdout } = await tapping.stop("SIGTERM");
    await proxy.close();
    const messages = parsed(stdout);
    expect(messages.find(({ type }) => type === "resumed")).toMatchObject({
      missed: { rows: 0, events: expect.any(Number) },
    });
    const starts = messages.flatMap(({ type, window_start }) =>
      type === "row" ? [window_start] : [],
    );
    // Every window once and in order: none was lost in the cut.
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => Number(a) - Number(b)));
  }, 60_000);

  test("is a table on a terminal, where a name gives no orders", async () => {
    const command = [join(aggregator.folder, "aggregator"), "tap", service.url, "--events"];
    const program = onTerminal(command, { folder: aggregator.folder, columns: 60, rows: 40 });
    const name = "evil\u001b]0;owned\u0007\u001b[2J\u202e";
    const seen = program.waitFor(({ text }) => text.includes("evil\\u001b]0;owned\\u0007"));
    await feedUntil(seen, () => [{ name, value: 1, timestamp: Date.now() / 1000 }]);
    program.type("\u0003");
    program.kill("SIGINT");
    expect(await program.exited).toBe(0);
    expect(program.screen.unknown).toEqual([]);
    for (const line of program.screen.lines) expect(line.length).toBeLessThanOrEqual(60);
  }, 30_000);

  const LOAD = 5_000;

  /** As many as a sink of events sends, of another name. */
  function load(n: number): object[] {
    const timestamp = Date.now() / 1000;
    return Array.from({ length: LOAD }, (_, i) => ({ name: "load", value: n + i, timestamp }));
  }

  async function received(): Promise<{ received: number; balanced: boolean }> {
    return getJson(`${service.url}/ledger`);
  }

  test("finds few events among many, says how many passed, and holds nothing up", async () => {
    const before = (await received()).received;
    const tapping = aggregator.spawn(["tap", service.url, "--events", "--name", "rare"]);
    let published = 0;
    const heard = tapping.waitFor(/"name":"rare"[^]*"name":"rare"/, "stdout");
    await feedUntil(heard, (n) => {
      published += LOAD + 1;
      return [{ name: "rare", value: n, timestamp: Date.now() / 1000 }, ...load(n)];
    });
    // It began to look somewhere in the middle; from then on nothing is shown that was not asked for.
    const { stdout } = await tapping.stop("SIGINT");
    const names = parsed(stdout).flatMap(({ event }) => (event as { name?: string })?.name ?? []);
    expect(new Set(names)).toEqual(new Set(["rare"]));
    const ledger = await until(received, (now) => now.received - before >= published);
    expect(ledger).toMatchObject({ received: before + published, balanced: true });
  }, 60_000);

  test("one who reads nothing holds nothing up", async () => {
    const line = `./aggregator tap ${service.url} --rate 1000 | { head -1; exec sleep 300; }`;
    const child = Bun.spawn(["bash", "-c", line], {
      cwd: aggregator.folder,
      stdout: "pipe",
      detached: true,
    });
    try {
      const reader = child.stdout.getReader();
      await feedUntil(reader.read());
      const before = (await received()).received;
      for (let n = 0; n < 20; n++) await publish(service.url, load(n));
      const ledger = await until(received, (now) => now.received - before >= 20 * LOAD);
      expect(ledger).toMatchObject({ received: before + 20 * LOAD, balanced: true });
    } finally {
      process.kill(-child.pid, "SIGKILL"); // what it started, too
    }
  }, 60_000);

  test("refuses a rule that is not there", async () => {
    const { code, stderr } = await aggregator.run(["tap", service.url, "--rule", "cpuu"]);
    expect(code).toBe(1);
    expect(stderr).toContain('rule "cpuu": must be one of cpu, rest, did you mean cpu?');
  });

  test("ends when its reader has gone", async () => {
    const line = `./aggregator tap ${service.url} --events | head -1`;
    const child = Bun.spawn(["bash", "-c", line], { cwd: aggregator.folder, stdout: "pipe" });
    await feedUntil(child.exited);
    expect(await new Response(child.stdout).text()).toContain('"type":"event"');
  }, 30_000);

  test.each([
    [["--rate", "0"], 2, "--rate"],
    [["--rate", "5000"], 2, "--rate"],
    [["--limit", "x"], 2, "--limit"],
    [["--name", "[x"], 1, "must close"],
  ] as const)("refuses %p", async (args, code, said) => {
    const result = await aggregator.run(["tap", service.url, ...args]);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(said);
  });

  test("exits with 1 when nobody is there", async () => {
    const { code, stderr } = await aggregator.run(["tap", "http://127.0.0.1:1"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot reach the service at 127.0.0.1:1");
  });
});
