import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "../../src/cli/list.ts";
import { main } from "../../src/cli/main.ts";
import { loadConfig } from "../../src/config/load.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

const root = join(import.meta.dir, "../..");

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aggregator-init-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("init", () => {
  test("writes a configuration and its types", async () => {
    const { code, stdout } = await call();
    expect(code).toBe(0);
    expect(await files()).toEqual(["aggregator.config.ts", "aggregator.d.ts"]);
    expect(stdout).toBe("Wrote aggregator.d.ts\nWrote aggregator.config.ts\n");
    expect(await text("aggregator.config.ts")).toContain("export default defineConfig(");
  });

  test("writes a unit and a Dockerfile when asked, into a folder that it makes", async () => {
    expect((await call("new/place", "--systemd", "--docker")).code).toBe(0);
    expect((await readdir(join(folder, "new/place"))).sort()).toEqual([
      "Dockerfile",
      "aggregator.config.ts",
      "aggregator.d.ts",
      "aggregator.service",
    ]);
  });

  test("writes nothing when it would overwrite something", async () => {
    await writeFile(join(folder, "aggregator.config.ts"), "mine");
    const { code, stderr } = await call("--systemd");
    expect(code).toBe(1);
    expect(stderr).toBe(
      "Nothing was written: aggregator.config.ts would be overwritten (--force does)\n",
    );
    expect(await files()).toEqual(["aggregator.config.ts"]);
    expect(await text("aggregator.config.ts")).toBe("mine");
  });

  test("overwrites with --force", async () => {
    await writeFile(join(folder, "aggregator.config.ts"), "mine");
    expect((await call("--force")).code).toBe(0);
    expect(await text("aggregator.config.ts")).not.toBe("mine");
  });

  test("renews the types alone with --types", async () => {
    await writeFile(join(folder, "aggregator.config.ts"), "mine");
    await writeFile(join(folder, "aggregator.d.ts"), "of an older version");
    expect((await call("--types")).code).toBe(0);
    expect(await text("aggregator.config.ts")).toBe("mine");
    expect(await text("aggregator.d.ts")).toContain('declare module "aggregator"');
  });

  test("refuses --types together with what needs a configuration", async () => {
    expect((await call("--types", "--docker")).code).toBe(2);
  });
});

describe("what init writes", () => {
  test("is a configuration that loads", async () => {
    await call();
    const settings = await loadConfig({ cwd: folder, env: {} });
    expect(settings.rules.map(({ name }) => name)).toEqual(["per_minute", "per_hour"]);
    expect(settings.sinks.map(({ name }) => name)).toEqual(["sqlite"]);
    expect(settings.state.dir).toBe(join(folder, "aggregator-data"));
  });

  test("is checked by a compiler that finds nothing else", async () => {
    await call();
    expect(compile("aggregator.config.ts")).toBe("");
  }, 30_000);

  test("shows a misspelt sink and a duration without a unit as errors", async () => {
    await call();
    await writeFile(
      join(folder, "wrong.config.ts"),
      `/// <reference path="./aggregator.d.ts" />
import { defineConfig, eventFunction, stdout, tumbling } from "aggregator";

export default defineConfig({
  rules: {
    a: { window: tumbling("60s"), aggregate: eventFunction(), to: ["screan"] },
    b: { window: tumbling("60"), aggregate: eventFunction(), to: ["screen"] },
  },
  sinks: { screen: stdout() },
});
`,
    );
    const errors = compile("wrong.config.ts");
    expect(errors).toMatch(/wrong\.config\.ts\(6,\d+\): error.*"screan"/);
    expect(errors).toMatch(/wrong\.config\.ts\(7,\d+\): error.*"60"/);
    expect(errors.match(/: error /g)).toHaveLength(2);
  }, 30_000);

  test("starts commands that there are", async () => {
    await call("--systemd", "--docker");
    const unit = await text("aggregator.service");
    const images = [await text("Dockerfile"), await readFile(join(root, "Dockerfile"), "utf8")];
    const started = [
      ...unit.matchAll(/^ExecStart=\S+ (\S+)/gm),
      ...images.flatMap((image) => [...image.matchAll(/^ *CMD \["(?:\S*aggregator", ")?(\w+)"/gm)]),
    ].map((match) => match[1]);
    expect(started).toEqual(["run", "healthcheck", "run", "healthcheck", "run"]);
    const known = commands.map(({ name }) => name);
    for (const name of started) expect(known).toContain(name!);
    // TLS of the configuration is known to the health check as well.
    expect(images[0]).toContain('"healthcheck", "-c", "/etc/aggregator/aggregator.config.ts"]');
  });
});

/** What the compiler says, as in an editor that has no project and no packages. */
function compile(file: string): string {
  const tsc = join(root, "node_modules/.bin/tsc");
  const options = ["--noEmit", "--strict", "--target", "esnext", "--module", "preserve"];
  return spawnSync(tsc, [...options, "--types", "", file], { cwd: folder, encoding: "utf8" })
    .stdout;
}

async function files(): Promise<string[]> {
  return (await readdir(folder)).sort();
}

function text(name: string): Promise<string> {
  return readFile(join(folder, name), "utf8");
}

async function call(...words: string[]) {
  const { terminal, written } = captureTerminal();
  const code = await main(["init", ...words], { terminal, env: {}, cwd: folder });
  return { code, ...written };
}
