import { expect, test } from "bun:test";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";

const root = join(import.meta.dir, "../..");

test("the example at the top of the repository works as it is", async () => {
  const settings = await loadConfig({ cwd: root, env: {} });
  expect(settings.origin).toBe(join(root, "aggregator.config.ts"));
  expect(settings.bus.embedded).toBe(true);
  expect(settings.sinks.map(({ definition }) => definition.name)).toEqual(["sqlite"]);
  expect(settings.rules.map(({ name }) => name)).toContain("per_minute");
  expect(settings.status).toMatchObject({ host: "127.0.0.1", port: 8000, portAsked: false });
});

test("the example leaves source, store and address to the environment", async () => {
  const env = { STORAGE_TYPE: "stdout", PORT: "8123", STATE_DIR: "/var/lib/aggregator" };
  const settings = await loadConfig({ cwd: root, env });
  expect(settings.sinks.map(({ name }) => name)).toEqual(["stdout"]);
  expect(settings.status.port).toBe(8123);
  expect(settings.ignoredVariables).toEqual([]);
});
