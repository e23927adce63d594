import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Installed, installExecutable, type Running } from "../support/executable.ts";

let aggregator: Installed;

// The first to need the executable builds it.
beforeAll(async () => {
  aggregator = await installExecutable();
}, 60_000);

afterAll(() => aggregator[Symbol.asyncDispose]());

describe("bus", () => {
  test("keeps what was published over a restart", async () => {
    const first = aggregator.spawn(["bus", "--port", "0", "--dir", "kept"]);
    const url = await urlOf(first);
    const event = '{"name":"cpu","value":3,"timestamp":1700000000}';
    const published = await fetch(`${url}/events`, { method: "POST", body: event });
    expect(published.status).toBe(202);
    expect(await published.json()).toMatchObject({ accepted: 1 });
    expect((await first.stop()).code).toBe(0);

    const second = aggregator.spawn(["bus", "--port", "0", "--dir", "kept"]);
    const read = await fetch(`${await urlOf(second)}/events`);
    expect(await read.text()).toBe(`${event}\n`);
    expect((await second.stop()).code).toBe(0);
  });

  test("refuses what no rule could take", async () => {
    const running = aggregator.spawn(["bus", "--port", "0", "--dir", "checked"]);
    const response = await fetch(`${await urlOf(running)}/events`, {
      method: "POST",
      body: '{"name":"cpu","value":1,"timestamp":0,"agg_func":"sumo"}',
    });
    expect(await response.json()).toMatchObject({
      accepted: 0,
      rejected: [{ index: 0, reason: "unknown_function" }],
    });
    await running.stop();
  });

  test("ends the wait of a reader when it is stopped", async () => {
    const running = aggregator.spawn(["bus", "--port", "0", "--dir", "waited"]);
    const reading = fetch(`${await urlOf(running)}/events?wait=20`);
    // The answer to a second request shows that the first one is there.
    await fetch(`${await urlOf(running)}/health`);
    expect((await running.stop("SIGINT")).code).toBe(0);
    expect((await reading).status).toBe(204);
  });

  test("wants a token on any address but loopback, and shows the one that it made once", async () => {
    const args = ["bus", "--host", "0.0.0.0", "--port", "0", "--dir", "open"];
    const first = aggregator.spawn(args);
    const url = await urlOf(first);
    const [, token] = await first.waitFor(/^Token: (\S+) \(shown this once\)$/m);
    expect((await fetch(`${url}/events`)).status).toBe(401);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${url}/events`, { headers })).status).toBe(204);
    await first.stop();

    const second = aggregator.spawn(args);
    await second.waitFor(/^Token: as printed when they were made; aggregator token list/m);
    expect((await fetch(`${await urlOf(second)}/events`, { headers })).status).toBe(204);
    expect((await second.stop()).stderr).not.toContain(token!);
  });

  test("refuses a folder that another bus holds", async () => {
    const holder = aggregator.spawn(["bus", "--port", "0", "--dir", "held"]);
    await urlOf(holder);
    const { code, stderr } = await aggregator.run(["bus", "--port", "0", "--dir", "held"]);
    expect(code).toBe(1);
    expect(stderr).toContain(String(holder.pid));
    await holder.stop();
  });

  test("refuses a port that is none with exit code 2", async () => {
    const { code, stderr } = await aggregator.run(["bus", "--port", "80000"]);
    expect(code).toBe(2);
    expect(stderr).toStartWith('aggregator: Cannot use port "80000": must be a whole number');
  });
});

async function urlOf(running: Running): Promise<string> {
  const match = await running.waitFor(/^The bus listens on (\S+) /m);
  return match[1]!.replace("localhost", "127.0.0.1");
}
