import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Installed, installExecutable } from "../support/executable.ts";
import { urlOf } from "../support/service.ts";

// The service runs in one process and is backed up by another, as in life.

let aggregator: Installed;

beforeAll(async () => {
  aggregator = await installExecutable();
}, 60_000);

afterAll(() => aggregator[Symbol.asyncDispose]());

const KEY = "5f".repeat(32);

// A sink that is away, so that rows wait in the outbox.
const CONFIG = `
import { defineConfig, eventFunction, postgres, tumbling } from "aggregator";

export default defineConfig({
  name: "plant-7",
  rules: { per_second: { window: tumbling("1s"), aggregate: eventFunction() } },
  sinks: { away: postgres({ url: "postgres://nobody@127.0.0.1:1/none" }) },
  time: { outOfOrderness: "0s", idleTimeout: "off" },
  status: { port: 0 },
});
`;

async function getJson(url: string): Promise<Record<string, unknown>> {
  const answer = await fetch(url);
  return (await answer.json()) as Record<string, unknown>; // the test looks at what is in it
}

async function startService(cwd: string) {
  const running = aggregator.spawn(["run", "-c", `${cwd}/aggregator.config.ts`], {
    env: { STATE_KEY: KEY, STATE_DIR: `${cwd}/state` },
  });
  const url = await urlOf(running);
  return { running, url };
}

/** Every byte of every file below a folder, as if it were text. */
async function textBelow(folder: string): Promise<string> {
  const texts: string[] = [];
  for (const path of await readdir(folder, { recursive: true })) {
    const file = join(folder, path);
    if ((await stat(file)).isFile()) texts.push(await readFile(file, "latin1"));
  }
  return texts.join("\n");
}

describe("backup.every", () => {
  test("makes one while the service runs, and a failure shows on /healthz", async () => {
    const folder = join(aggregator.folder, "every");
    await mkdir(folder);
    await writeFile(join(folder, "backups"), "a file in the way");
    const config = CONFIG.replace("status:", 'backup: { every: "1h" }, status:');
    await writeFile(join(folder, "aggregator.config.ts"), config);
    const blocked = await startService("every");
    await blocked.running.waitFor(/Cannot make a backup/);
    const health = await getJson(`${blocked.url}/healthz`);
    expect(String(health["reasons"])).toContain("backup: Cannot make a backup in ");
    expect((await blocked.running.stop()).code).toBe(0);
    await rm(join(folder, "backups"));
    const { running } = await startService("every");
    await running.waitFor(/A backup was made/);
    expect(await readdir(join(folder, "backups"))).toHaveLength(1);
    await running.stop("SIGKILL");
  }, 60_000);
});

describe("backup, restore and the key", () => {
  test("go through a whole life", async () => {
    const cwd = "life";
    const folder = join(aggregator.folder, cwd);
    await mkdir(folder);
    await writeFile(join(folder, "aggregator.config.ts"), CONFIG);
    const { running, url } = await startService(cwd);
    const now = Math.floor(Date.now() / 1000) - 10;
    const events = [
      { name: "needle-one", value: 123_456.75, timestamp: now, labels: { site: "needle-site" } },
      { name: "needle-two", value: 1, timestamp: now + 5 },
      { name: "needle-late", value: 1, timestamp: now },
    ];
    for (const event of events) {
      await fetch(`${url}/vabus/events`, { method: "POST", body: JSON.stringify(event) });
      // One by one, so that the last one is late.
      await Bun.sleep(100);
    }
    for (;;) {
      const status = await getJson(`${url}/status`);
      const { late } = await getJson(`${url}/ledger`);
      const letters = await getJson(`${url}/dead-letters`);
      const [sink] = status["sinks"] as { outbox: number }[];
      if (sink!.outbox === 1 && late === 1 && String(letters["dead_letters"]) !== "") break;
      await Bun.sleep(50);
    }
    const env = { STATE_KEY: KEY, STATE_DIR: `${cwd}/state` };
    const config = ["-c", `${cwd}/aggregator.config.ts`];
    const made = await aggregator.run(["backup", "backups", ...config], { env });
    expect(made.stderr).toBe("");
    expect(made.stdout).toMatch(/^Backup plant-7-\S+Z is in \S+: \d+ files, \d+ bytes\n$/);
    // Nothing that was open when it is killed is in the clear either.
    await running.stop("SIGKILL");
    const text = await textBelow(folder);
    expect(text.length).toBeGreaterThan(10_000);
    for (const word of ["needle", "123456.75", "plant-7 per_second"]) {
      expect(text).not.toContain(word);
    }
    expect(await textBelow(join(aggregator.folder, "backups"))).not.toContain("needle");

    const verified = await aggregator.run(["backup", "--verify", "--json", "backups", ...config], {
      env,
    });
    expect(JSON.parse(verified.stdout)).toMatchObject({
      ok: true,
      outboxRows: 1,
      deadLetters: 1,
      events: 3,
    });
    const { STATE_DIR } = env;
    const wrong = { STATE_DIR, STATE_KEY: "60".repeat(32) };
    for (const [given, why] of [
      [{ STATE_DIR }, "is encrypted, but no key is configured"],
      [wrong, "is encrypted with another key"],
    ] as const) {
      for (const command of [["run"], ["backup", "--verify", "backups"]]) {
        const { code, stderr } = await aggregator.run([...command, ...config], { env: given });
        expect(code).toBe(1);
        expect(stderr).toContain(why);
        expect(stderr).not.toContain("60".repeat(32));
      }
    }

    const refused = await aggregator.run(["restore", "backups", ...config], { env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("--force");
    const restored = await aggregator.run(["restore", "backups", "--force", ...config], { env });
    expect(restored.stdout).toContain("outbox        1 rows");
    const again = await startService(cwd);
    const status = await getJson(`${again.url}/status`);
    expect(status["ledger"]).toMatchObject({ received: 3, late: 1, balanced: true });
    expect((status["sinks"] as { outbox: number }[])[0]!.outbox).toBe(1);
    await again.running.stop("SIGKILL");
  }, 60_000);
});
