import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { chmod, rename, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type Installed, installExecutable } from "../support/executable.ts";
import { configure, getJson, publish, queryRows, startService, until } from "../support/service.ts";

// The executable with few file descriptors, of which connections take all.

setDefaultTimeout(60_000);

const CONFIG = `
import { defineConfig, eventFunction, tumbling } from "aggregator";

export default defineConfig({
  rules: { second: { window: tumbling("1s"), aggregate: eventFunction() } },
  time: { outOfOrderness: "0s", idleTimeout: "1s", maxFuture: "off" },
  state: { checkpointEvery: "50ms" },
  status: { port: 0 },
});
`;

/** From now on the executable may have so many files open. */
async function limitFiles(aggregator: Installed, files: number): Promise<void> {
  const path = join(aggregator.folder, "aggregator");
  await rename(path, `${path}-itself`);
  await writeFile(path, `#!/bin/sh\nulimit -n ${files}\nexec "$0-itself" "$@"\n`);
  await chmod(path, 0o755);
}

/** CPU time of a process so far, in seconds, from the kernel. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test("too few for a start are told, with what to do", async () => {
  await using aggregator = await installExecutable();
  await configure(aggregator, CONFIG);
  await limitFiles(aggregator, 48);
  for (const command of ["run", "bus"]) {
    const { code, stderr } = await aggregator.run([command], { env: { PORT: "0" } });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Cannot run with so few open files: \d+ more may be opened, 64 are needed.*raise the limit by ulimit/,
    );
  }
});

test("connections that take them all are refused, and nothing is lost", async () => {
  await using aggregator = await installExecutable();
  await configure(aggregator, CONFIG);
  await limitFiles(aggregator, 96);
  const { running, url } = await startService(aggregator);
  const { port } = new URL(url);
  let accepted = 0;
  const publishOne = async (): Promise<void> => {
    const timestamp = 1_700_000_000 + accepted;
    const answer = await publish(url, [{ name: "a", value: 1, timestamp }]);
    expect(answer.status).toBe(202);
    accepted++;
  };
  for (let i = 0; i < 20; i++) await publishOne();

  const sockets: Socket[] = [];
  for (let i = 0; i < 200; i++) {
    const socket = connect(Number(port), "127.0.0.1").on("error", () => {});
    // Some ask and stay, the others say nothing.
    if (i % 2 === 0) socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    sockets.push(socket);
  }
  await running.waitFor(/No file descriptor is left for more connections; new ones are refused/);
  const refused = await fetch(`${url}/healthz`).catch((thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(Error);
  const before = cpuSeconds(running.pid);
  await Bun.sleep(2_000);
  expect(cpuSeconds(running.pid) - before).toBeLessThan(0.5);
  // Meanwhile the idle rule has closed the last window: the service goes on.
  const path = join(aggregator.folder, "aggregates.sqlite");
  const counted = async (): Promise<unknown> =>
    queryRows(path, "select sum(count) as n from aggregates")[0]?.["n"];
  await until(counted, (n) => n === accepted);

  for (const socket of sockets) socket.destroy();
  await running.waitFor(/Connections are taken again/);
  for (let i = 0; i < 20; i++) await publishOne();
  await until(counted, (n) => n === accepted);
  expect(await getJson(`${url}/ledger`)).toMatchObject({ received: 40, aggregated: 40 });
  expect(await getJson(`${url}/healthz`)).toEqual({ status: "ok" });
  const { code, stderr } = await running.stop();
  expect(code).toBe(0);
  expect(stderr).not.toContain('"ERROR"');
});
