import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Installed, installExecutable } from "../support/executable.ts";
import { type OnTerminal, onTerminal } from "../support/pty.ts";
import { getJson, publish, type Service, startService, until } from "../support/service.ts";

// The executable on a real terminal: what a person sees, and that the terminal is as before in the end.

let aggregator: Installed;
let service: Service;

beforeAll(async () => {
  aggregator = await installExecutable();
  service = await startService(aggregator, { PORT: "0" });
  await publish(service.url, [{ name: "cpu", value: 1, timestamp: Date.now() / 1000 }]);
  await until(
    () => getJson<{ state: string }>(`${service.url}/status`),
    ({ state }) => state === "running",
  );
}, 60_000);

afterAll(() => aggregator[Symbol.asyncDispose]());

function watch(args: readonly string[] = [], env: Record<string, string> = {}): OnTerminal {
  const command = [
    join(aggregator.folder, "aggregator"),
    "status",
    service.url,
    "--watch",
    ...args,
  ];
  return onTerminal(command, { folder: aggregator.folder, columns: 100, rows: 30, env });
}

async function expectRestored(program: OnTerminal): Promise<void> {
  await program.waitFor(({ isAlternate }) => !isAlternate);
  const { isAlternate, hasCursor, wraps, unknown } = program.screen;
  expect({ isAlternate, hasCursor, wraps }).toEqual({
    isAlternate: false,
    hasCursor: true,
    wraps: true,
  });
  expect(unknown).toEqual([]);
  expect(program.isCooked()).toBe(true);
}

const isDrawn = ({ isAlternate, text }: OnTerminal["screen"]): boolean =>
  isAlternate && text.includes("SINK") && text.includes("q ends");

describe("status --watch on a terminal", () => {
  test("draws the state, follows the size, and q gives the screen back", async () => {
    const program = watch(["--every", "200ms"]);
    await program.waitFor(isDrawn);
    expect(program.isCooked()).toBe(false);
    expect(program.screen.hasCursor).toBe(false);
    expect(program.screen.text).toContain("aggregator  running");
    expect(program.written()).toContain("\u001b[32m");
    program.resize(40, 30);
    await program.waitFor(({ lines }) => lines.some((line) => /^ {2}aggregator .*…$/.test(line)));
    for (const line of program.screen.lines) expect(line.length).toBeLessThanOrEqual(40);
    program.type("q");
    expect(await program.exited).toBe(0);
    await expectRestored(program);
    expect(program.screen.text).toBe("");
  }, 30_000);

  test("what does not fit is said, and moved to by keys", async () => {
    const program = watch(["--every", "10s"]);
    await program.waitFor(isDrawn);
    program.resize(80, 8);
    await program.waitFor(({ text }) => text.includes("lines 1–7 of "));
    expect(program.screen.text).not.toContain("SINK");
    expect(program.screen.text).toContain("q ends");
    program.type("\u001b[B\u001b[F");
    await program.waitFor(({ text }) => text.includes("SINK"));
    program.type("g");
    await program.waitFor(({ text }) => text.includes("lines 1–7 of "));
    program.type("jq");
    expect(await program.exited).toBe(0);
    await expectRestored(program);
  }, 30_000);

  test("Ctrl+C ends it, too", async () => {
    const program = watch();
    await program.waitFor(isDrawn);
    program.type("\u0003");
    expect(await program.exited).toBe(0);
    await expectRestored(program);
  }, 30_000);

  test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
    "%s ends it and gives the screen back",
    async (signal) => {
      const program = watch();
      await program.waitFor(isDrawn);
      program.kill(signal);
      await program.exited;
      await expectRestored(program);
    },
    30_000,
  );

  test.each([
    ["--no-color", ["--no-color"], {}],
    ["NO_COLOR", [], { NO_COLOR: "1" }],
    ["a terminal that knows none", [], { TERM: "dumb" }],
  ] as const)(
    "%s takes the colours away",
    async (_, args, env) => {
      const program = watch(args, env);
      await program.waitFor(isDrawn);
      program.type("q");
      await program.exited;
      expect(program.written()).not.toContain("\u001b[3");
    },
    30_000,
  );

  test("a crash gives the screen back", async () => {
    const crash = join(import.meta.dir, "../support/crashing-screen.ts");
    const command = [process.execPath, crash];
    const program = onTerminal(command, { folder: aggregator.folder, columns: 60, rows: 20 });
    await program.waitFor(({ isAlternate, text }) => isAlternate && text.includes("drawn"));
    program.type("\u000c");
    expect(await program.exited).not.toBe(0);
    await expectRestored(program);
    // Not on the screen that is gone.
    await program.waitFor(({ text }) => text.includes("broken on purpose"));
  }, 30_000);

  test("says that the service is away, and goes on when it is back", async () => {
    const other = await startService(aggregator, { PORT: "0", STATE_DIR: "other" });
    const command = [join(aggregator.folder, "aggregator"), "status", other.url, "-w"];
    const program = onTerminal([...command, "--every", "100ms"], {
      folder: aggregator.folder,
      columns: 80,
      rows: 24,
    });
    await program.waitFor(isDrawn);
    await other.running.stop();
    await program.waitFor(({ text }) => text.includes("unreachable"));
    const { port } = new URL(other.url);
    const again = await startService(aggregator, { PORT: port, STATE_DIR: "other" });
    await program.waitFor(isDrawn);
    await again.running.stop();
    await program.waitFor(({ text }) => text.includes("unreachable"));
    program.type("q");
    expect(await program.exited).toBe(1);
    await expectRestored(program);
  }, 60_000);
});

describe("status --watch elsewhere", () => {
  test("prints a line each time, and ends at a signal", async () => {
    const running = aggregator.spawn(["status", service.url, "--watch", "--every", "100ms"]);
    await running.waitFor(/events_per_second=/, "stdout");
    const { code, stdout } = await running.stop("SIGINT");
    expect(code).toBe(0);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ aggregator running received=1 /);
  }, 30_000);

  test("prints an object each time with --json", async () => {
    const args = ["status", service.url, "--watch", "--every", "100ms", "--json"];
    const running = aggregator.spawn(args);
    await running.waitFor(/\n.*\n/, "stdout");
    const { stdout } = await running.stop("SIGTERM");
    const [first, second] = stdout.split("\n").map((line) => JSON.parse(line || "null") as unknown);
    expect(first).toMatchObject({ ok: true, events_per_second: null, state: "running" });
    expect(second).toMatchObject({ ok: true, events_per_second: 0 });
  }, 30_000);
});
