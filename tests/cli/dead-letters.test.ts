import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Installed, installExecutable } from "../support/executable.ts";
import {
  configure,
  getJson,
  openBeside,
  publish,
  rowsIn,
  startService,
  until,
} from "../support/service.ts";

// The executable and a service of it, as an operator uses the two. What it does with a state that nobody
// runs stands in `state-commands.test.ts`.

let aggregator: Installed;

beforeAll(async () => {
  aggregator = await installExecutable();
}, 60_000);

afterAll(() => aggregator[Symbol.asyncDispose]());

/** A port that was free a moment ago: the commands have to know it from the configuration. */
function freePort(): number {
  const server = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port!; // it listens on one
}

function config(port: number, more: { name?: string; maxSeries?: number } = {}): string {
  const { name = "plant-7", maxSeries = 100 } = more;
  return `
import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";
export default defineConfig({
  name: "${name}",
  rules: { r: { window: tumbling("1s"), aggregate: eventFunction(), maxSeries: ${maxSeries} } },
  sinks: { rows: sqlite({ path: "rows.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  state: { dir: "state-${name}" },
  status: { port: ${port} },
});`;
}

async function lettersAt(url: string, count: number): Promise<{ reason: string }[]> {
  const { dead_letters } = await until(
    () => getJson<{ dead_letters: { reason: string }[] }>(`${url}/dead-letters`),
    (page) => page.dead_letters.length === count,
  );
  return dead_letters;
}

describe("dead-letters replay", () => {
  test("takes refused events and rows back into the running service, after a fix", async () => {
    const port = freePort();
    await configure(aggregator, config(port, { maxSeries: 1 }));
    const first = await startService(aggregator);
    const now = Math.floor(Date.now() / 1000);
    const events = ["a", "b", "c"].map((name) => ({ name, value: 1, timestamp: now }));
    await publish(first.url, events);
    const refused = await lettersAt(first.url, 2);
    expect(refused.map(({ reason }) => reason)).toEqual(["over_limit", "over_limit"]);
    // Without a fix they are refused again.
    const vain = await aggregator.run(["dead-letters", "replay", "--through", "1"]);
    expect(vain).toMatchObject({ code: 0, stdout: "1 replayed, 1 of them refused again\n" });
    await first.running.stop();

    await configure(aggregator, config(port));
    const { running, url } = await startService(aggregator);
    const table = openBeside(join(aggregator.folder, "rows.sqlite"));
    table.exec(`create trigger no_b before insert on aggregates when new.name = 'b'
      begin select raise(abort, 'no b today'); end`);
    const done = await aggregator.run(["dead-letters", "replay", "--all", "--json"]);
    expect(done.stderr).toBe("");
    expect(JSON.parse(done.stdout)).toEqual({ replayed: 2, refused_again: 0, left: [] });
    // The trigger makes a dead letter of one row.
    expect(await lettersAt(url, 1)).toMatchObject([{ reason: "refused", detail: "no b today" }]);
    table.exec("drop trigger no_b");
    table.close();
    const again = await aggregator.run(["dead-letters", "replay", url, "--reason", "refused"]);
    expect(again).toMatchObject({ code: 0, stdout: "1 replayed\n" });
    const rows = await until(
      async () => rowsIn(join(aggregator.folder, "rows.sqlite"), "name, value, count"),
      (some) => some.length === 3,
    );
    expect(rows).toEqual(["a", "b", "c"].map((name) => ({ name, value: 1, count: 1 })));
    expect(await getJson(`${url}/ledger`)).toMatchObject({
      received: 6,
      aggregated: 3,
      over_limit: 3,
      replayed: 3,
      balanced: true,
    });
    expect((await aggregator.run(["audit", url])).code).toBe(0);
    await running.stop("SIGKILL");
    expect((await aggregator.run(["dead-letters", "list"])).stdout).toBe("");
  }, 60_000);

  test("leaves what is late, says so, and removes it from the running service", async () => {
    const port = freePort();
    await configure(aggregator, config(port, { name: "late" }));
    const { running, url } = await startService(aggregator);
    const now = Math.floor(Date.now() / 1000);
    await publish(url, [
      { name: "a", value: 1, timestamp: now },
      { name: "a", value: 2, timestamp: now - 60 },
    ]);
    await lettersAt(url, 1);
    const replayed = await aggregator.run(["dead-letters", "replay", "--all"]);
    expect(replayed.code).toBe(0);
    expect(replayed.stdout).toMatch(/^0 replayed\n1 late left: late: its windows are closed/);
    const purged = await aggregator.run(["dead-letters", "purge", url, "--all"]);
    expect(purged).toMatchObject({ code: 0, stdout: "1 removed\n" });
    await lettersAt(url, 0);
    // Another service stands where this one should.
    await configure(aggregator, config(port, { name: "other" }));
    const wrong = await aggregator.run(["dead-letters", "replay", "--all"]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain(`runs "late", not "other": name the URL of the right one`);
    await running.stop();
  }, 60_000);

  test("says what to do when the service does not run", async () => {
    const port = freePort();
    await configure(aggregator, config(port));
    const { code, stderr } = await aggregator.run(["dead-letters", "replay", "--all"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot reach the service at 127.0.0.1:${port}`);
    expect(stderr).toContain(
      "Start it (aggregator run), or name its URL; what was refused is kept",
    );
    await configure(aggregator, config(0));
    expect((await aggregator.run(["dead-letters", "replay", "--all"])).stderr).toContain(
      "The configuration names no port of the service",
    );
  });

  test.each([
    [["--reason", "late"], "Cannot replay what is late: its windows are closed for good"],
    [[], "Cannot replay: say which ones, by --reason, --through or --all"],
    [["--all", "--through", "7"], "Cannot replay all and only some"],
    [["--reason", "futur"], 'Unknown reason "futur"'],
    [["nonsense", "--all"], 'Cannot ask "nonsense": must be a URL'],
  ])("refuses %j", async (words, why) => {
    const { code, stderr } = await aggregator.run(["dead-letters", "replay", ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});
