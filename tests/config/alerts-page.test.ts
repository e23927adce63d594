import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILT_IN_ALERTS } from "../../src/config/alert-defaults.ts";
import { loadConfig } from "../../src/config/load.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { formatDuration } from "../../src/core/time.ts";

// What docs/alerts.md says is what the program does.

const page = readFileSync(join(import.meta.dir, "../../docs/alerts.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "alerts-page-"));

afterAll(() => rmSync(folder, { recursive: true }));

describe("docs/alerts.md", () => {
  test("has an example that is right", async () => {
    const [, example] = /```ts\n([^]*?)```/.exec(page)!;
    const path = join(folder, "aggregator.config.ts");
    writeFileSync(path, example!);
    const env = { SLACK_URL: "https://hooks.example/x" };
    const { alerts = [], notifiers = [] } = await loadConfig({ path, cwd: folder, env });
    expect(notifiers.map(({ kind }) => kind)).toEqual(["slack", "alertmanager"]);
    expect(alerts.filter(({ isBuiltIn }) => !isBuiltIn).map(({ name }) => name)).toEqual([
      "hot_pump",
      "silent_pump",
    ]);
  });

  test("names every alert of the program with its for and severity", () => {
    const { alerts = [] } = resolveConfig({}, { origin: "test", dir: folder, env: {} });
    const told = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]+) \| (\w+) \|$/gm)].map(
      ([, name, wait, severity]) => [name, wait === "at once" ? "0s" : wait, severity],
    );
    expect(told).toEqual(
      alerts.map(({ name, for: wait, severity }) => [name, formatDuration(wait), severity]),
    );
    expect(told).toHaveLength(Object.keys(BUILT_IN_ALERTS).length);
  });
});
