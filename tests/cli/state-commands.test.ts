import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plainSeal } from "../../src/state/seal.ts";
import { StateDatabase } from "../../src/state/state-database.ts";
import { type Installed, installExecutable, type RunOptions } from "../support/executable.ts";
import { FIXTURES } from "../support/old-state.ts";

// The commands that look at a stored state, over the one that version 1 left behind.

let aggregator: Installed;

beforeAll(async () => {
  aggregator = await installExecutable();
}, 60_000);

afterAll(() => aggregator[Symbol.asyncDispose]());

beforeEach(async () => {
  const dir = join(aggregator.folder, "aggregator-data");
  await rm(dir, { recursive: true, force: true });
  await cp(join(FIXTURES, "v1"), dir, { recursive: true });
  await writeFile(
    join(aggregator.folder, "aggregator.config.ts"),
    'export default { name: "old", status: { port: 0 } };',
  );
});

function run(args: readonly string[], options?: RunOptions) {
  return aggregator.run(args, options);
}

function editState(change: (database: StateDatabase) => void): void {
  const database = StateDatabase.open(join(aggregator.folder, "aggregator-data/state.sqlite"), {});
  database.transaction(() => change(database));
  database.close();
}

describe("audit", () => {
  test("prints the ledger of the state, of the pipeline and of each rule", async () => {
    const { code, stdout, stderr } = await run(["audit"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^pipeline +right +5 {2}4 aggregated, 1 late$/m);
    expect(stdout).toMatch(/^per_minute +right +5 {2}4 aggregated, 1 late$/m);
    const { stdout: json } = await run(["audit", "--json"]);
    expect(JSON.parse(json)).toMatchObject({ received: 5, aggregated: 4, late: 1, balanced: true });
  });

  test("exits with 1 when an event is not accounted for", async () => {
    editState((database) => {
      const ledger = { received: 6, aggregated: 4, late: 1 };
      const bytes = new TextEncoder().encode(JSON.stringify({ ledger }));
      database.putPage("engine", plainSeal.seal(bytes, "page engine"));
    });
    const { code, stdout, stderr } = await run(["audit"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^pipeline +WRONG +6 {2}4 aggregated, 1 late, 1 NOT ACCOUNTED FOR$/m);
    expect(stdout).toMatch(/^per_minute +right/m);
    expect(stderr).toContain("does not balance");
  });

  test("asks a running service, with the token", async () => {
    const running = aggregator.spawn(["run"], {
      env: { HOST: "0.0.0.0", AGGREGATOR_TOKEN: "t0k" },
    });
    const [, port] = await running.waitFor(/status\s+curl .*?:(\d+)\/status/);
    const url = `http://127.0.0.1:${port}`;
    const refused = await run(["audit", url]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("wants a token: give it in AGGREGATOR_TOKEN");
    const env = { AGGREGATOR_TOKEN: "t0k" };
    const { code, stdout } = await run(["audit", url, "--json"], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ balanced: true });
    // And the file beside it, while the service holds it.
    expect((await run(["audit"], { env })).code).toBe(0);
    const letters = await run(["dead-letters", "list", url, "--json"], { env });
    expect(JSON.parse(letters.stdout)).toMatchObject({ seq: 1, reason: "late" });
    const purge = await run(["dead-letters", "purge", "--all"], { env });
    expect(purge.code).toBe(1);
    expect(purge.stderr).toContain(`process ${running.pid} holds it`);
    await running.stop("SIGKILL");
  });

  test.each([
    [["audit", "nonsense"], 2, 'Cannot ask "nonsense": must be a URL'],
    [["audit", "http://127.0.0.1:1"], 1, "Cannot reach the service at 127.0.0.1:1"],
  ])("refuses %j", async (args, code, why) => {
    const result = await run(args);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(why);
  });

  test("refuses a state that is not there, or of another pipeline", async () => {
    await writeFile(
      join(aggregator.folder, "aggregator.config.ts"),
      'export default {name:"new"};',
    );
    expect((await run(["audit"])).stderr).toContain('belongs to pipeline "old", not to "new"');
    const { code, stderr } = await run(["audit"], { env: { STATE_DIR: "nowhere" } });
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot find the state");
  });
});

describe("dead-letters", () => {
  test("lists them, exports their events, and removes them", async () => {
    const { stdout } = await run(["dead-letters", "list", "--reason", "late"]);
    expect(stdout).toMatch(/^1 {2}\S+Z {2}late {2}cursor 4: late by 5\.000 s/);
    expect((await run(["dead-letters", "list", "--reason", "future"])).stdout).toBe("");
    const exported = await run(["dead-letters", "export", "--to", "late.ndjson"]);
    expect(exported).toMatchObject({ code: 0, stderr: "1 exported\n" });
    const text = await readFile(join(aggregator.folder, "late.ndjson"), "utf8");
    expect(text).toBe('{"name":"cpu","value":16,"timestamp":1699999980}\n');
    expect((await run(["dead-letters", "export"])).stdout).toBe(text);
    const told = await run(["dead-letters", "export", "--to", "late.ndjson", "--json"]);
    expect(told).toMatchObject({ code: 0, stdout: '{"exported":1}\n', stderr: "" });
    const none = await run(["dead-letters", "purge", "--reason", "future", "--all"]);
    expect(none.stdout).toBe("0 removed\n");
    const purged = await run(["dead-letters", "purge", "--through", "1", "--json"]);
    expect(JSON.parse(purged.stdout)).toEqual({ purged: 1 });
    expect((await run(["dead-letters", "list"])).stdout).toBe("");
    // The ledger goes on counting what was refused.
    expect((await run(["audit"])).code).toBe(0);
  });

  test.each([
    [
      ["lst"],
      'Unknown action "lst": must be one of list, counts, export, replay, purge, did you mean list?',
    ],
    [["list", "--reason", "lat"], 'Unknown reason "lat"'],
    [["purge"], "Cannot purge: say which ones, by --through or by --all"],
    [["purge", "--all", "--through", "1"], "Cannot purge: say which ones"],
    [["purge", "nonsense", "--all"], 'Cannot ask "nonsense": must be a URL'],
    [["list", "--through", "x"], 'Cannot take "x" for --through'],
  ])("refuses %j", async (args, why) => {
    const { code, stderr } = await run(["dead-letters", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});

describe("rekey", () => {
  const KEY = "ab".repeat(32);

  test("encrypts a state that was plain, and says what to do then", async () => {
    const done = await run(["rekey", "--new-key-env", "NEW"], { env: { NEW: KEY } });
    expect(done.code).toBe(0);
    expect(done.stdout).toContain("name it in state.key");
    expect(done.stderr).toContain("Sealing bus/events\n");
    expect((await run(["audit"])).stderr).toContain("is encrypted, but no key is configured");
    const { code } = await run(["audit"], { env: { STATE_KEY: KEY } });
    expect(code).toBe(0);
    const plain = await run(["rekey", "--plain"], { env: { STATE_KEY: KEY } });
    expect(plain.stdout).toContain("take state.key away");
    expect((await run(["audit"])).code).toBe(0);
  });

  test.each([
    [[], "say the new key by --new-key-env, or --plain for none"],
    [["--plain", "--new-key-env", "NEW"], "say the new key by"],
    [["--new-key-env", "NO"], "Variable NO is not set: must be 32 bytes"],
    [["--new-key-env", "BAD"], "Variable BAD holds no key: must be 32 bytes"],
  ])("refuses %j", async (args, why) => {
    const { code, stderr } = await run(["rekey", ...args], { env: { NEW: KEY, BAD: "s3cret" } });
    expect(code).toBe(2);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain("s3cret");
  });
});

test("dead-letters refuses a filter that an action does not know", async () => {
  for (const args of [
    ["purge", "--all", "--since", "1h"],
    ["replay", "--all", "--after", "3"],
    ["counts", "--limit", "3"],
  ]) {
    const { code, stderr } = await run(["dead-letters", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain("does not go with");
  }
});
