import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

const CONFIG = `
import { count, defineConfig, env, kafka, postgres, tumbling } from "aggregator";
export default defineConfig({
  name: "plant-7",
  source: kafka({ brokers: env("BROKERS"), topic: env("TOPIC"), tls: true,
    sasl: { mechanism: "plain", username: "me", password: env("PASSWORD") } }),
  rules: {
    whole: { window: tumbling("60s"), aggregate: { n: count() } },
    coded: { window: tumbling("60s"), aggregate: { n: count() }, where: (event) => event.value > 1 },
  },
  sinks: {
    stream: kafka({ brokers: env("BROKERS"), topic: "aggregates" }),
    warehouse: postgres({ url: env("WAREHOUSE") }),
  },
});`;

const ENV = {
  BROKERS: "kafka-1:9092",
  TOPIC: "events",
  PASSWORD: "s3cret",
  WAREHOUSE: "postgres://me:hidden@db/rows",
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aggregator-export-"));
  await writeFile(join(folder, "aggregator.config.ts"), CONFIG);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function call(...words: string[]) {
  const { terminal, written } = captureTerminal();
  const code = await main(["export", ...words], { terminal, env: ENV, cwd: folder });
  return { code, ...written };
}

describe("export flink", () => {
  test("writes what the job needs, also where it came by the environment, and no password", async () => {
    const { code, stdout, stderr } = await call("flink");
    expect(code).toBe(1);
    expect(stdout.match(/'properties\.bootstrap\.servers' = 'kafka-1:9092'/g)).toHaveLength(2);
    expect(stdout).toContain("'topic' = 'events'");
    expect(stdout).toContain("CREATE TEMPORARY TABLE `events`");
    expect(stdout).toContain("SET 'execution.checkpointing.interval'");
    expect(stdout + stderr).not.toMatch(/s3cret|hidden|\*\*\*/);
    expect(stderr).toContain("coded: left out: where and map are code of the configuration\n");
  });

  test("tells a program the same with --json, on standard output alone", async () => {
    const { code, stdout, stderr } = await call("flink", "--json");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const told = JSON.parse(stdout) as { sql: string; notes: object[] };
    expect(told).toMatchObject({ ok: false, rules: ["whole"], left: ["coded"] });
    expect(told.sql).toBe((await call("flink")).stdout);
    expect(told.notes).toContainEqual({
      rule: "coded",
      note: "left out: where and map are code of the configuration",
    });
  });

  test("writes to a file, with paths that hold wherever Flink runs", async () => {
    const words = ["flink", "--events", "in.ndjson", "--rows", "s3://plant/rows", "-o", "job.sql"];
    expect((await call(...words)).stdout).toBe("");
    const sql = await readFile(join(folder, "job.sql"), "utf8");
    expect(sql).toContain(`'path' = '${join(folder, "in.ndjson")}'`);
    expect(sql).toContain("'path' = 's3://plant/rows'");
    expect(sql).not.toContain("checkpointing");
    expect((await call("flink", "-o", "none/job.sql")).stderr).toContain(
      'Cannot write "none/job.sql"',
    );
  });

  test("refuses another program", async () => {
    const { code, stderr } = await call("flnk");
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean flink?");
  });
});
