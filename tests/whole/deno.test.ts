import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expectDashboard } from "../support/expect-dashboard.ts";

// The same source on Deno: a smoke test of the whole job, from the bus over HTTP to a row in SQLite.

const root = join(import.meta.dir, "../..");
const DENO_MS = 60_000;

test(
  "the service does its job on Deno",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "aggregator-deno-"));
    await writeFile(
      join(folder, "aggregator.config.ts"),
      `import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";
       export default defineConfig({
         rules: { second: { window: tumbling("1s"), aggregate: eventFunction() } },
         sinks: { rows: sqlite({ path: "rows.sqlite" }) },
         time: { outOfOrderness: "0s", idleTimeout: "1s" },
         status: { port: 0 },
       });`,
    );
    // The program itself: the command of the package is a wrapper that hands no signals on.
    const deno = [...new Bun.Glob("node_modules/@deno/*/deno").scanSync(root)].map((path) =>
      join(root, path),
    );
    const args = [
      "run",
      "-A",
      "--config",
      join(root, "deno.json"),
      join(root, "src/main.ts"),
      "run",
    ];
    const child = spawn(deno[0]!, args, { cwd: folder, env: { ...process.env, NO_COLOR: "1" } });
    let said = "";
    const url = await new Promise<string>((resolve, reject) => {
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const match = /status\s+curl (http:\S+)\/status/.exec(said);
        if (match !== null) resolve(match[1]!);
      });
      child.once("exit", () => reject(new Error(said)));
    });
    try {
      const now = Math.floor(Date.now() / 1000);
      const event = { name: "__proto__", value: 0.5, timestamp: now, agg_func: "avg" };
      const answer = await fetch(`${url}/vabus/events`, {
        method: "POST",
        body: JSON.stringify(event),
      });
      expect(answer.status).toBe(202);
      for (;;) {
        const status = (await (await fetch(`${url}/status`)).json()) as {
          sinks: { written: number }[];
        };
        if (status.sinks[0]!.written === 1) break;
        await Bun.sleep(50);
      }
      await expectDashboard(url);
      child.kill("SIGTERM");
      expect((await once(child, "exit"))[0]).toBe(0);
      const db = new DatabaseSync(join(folder, "rows.sqlite"), { readOnly: true });
      const rows = db
        .prepare("select name, agg_func, window_start, value, count from aggregates")
        .all();
      db.close();
      expect(rows.map((row) => ({ ...row }))).toEqual([
        { name: "__proto__", agg_func: "avg", window_start: now, value: 0.5, count: 1 },
      ]);
    } finally {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    }
  },
  DENO_MS,
);
