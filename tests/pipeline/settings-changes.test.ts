import { expect, test } from "bun:test";
import { resolveConfig } from "../../src/config/resolve.ts";
import { defineConfig, rowValue, sinkDown, webhook } from "../../src/index.ts";
import { linesOfChanges } from "../../src/pipeline/change-text.ts";
import { isSame, settingsChanges } from "../../src/pipeline/settings-changes.ts";

const resolved = (config: Parameters<typeof defineConfig>[0]) =>
  resolveConfig(defineConfig(config), { origin: "test", dir: "/srv", env: {} });

const before = () =>
  resolved({
    notifiers: { hook: webhook({ url: "https://x.example/s3cret" }) },
    alerts: {
      hot: { when: rowValue({ name: "a.*", labels: { host: "a" }, above: 90 }) },
      down: { when: sinkDown() },
    },
  });

test("alerts and notifiers that differ are told by name, and nothing of what they hold", () => {
  const after = resolved({
    notifiers: { hook: webhook({ url: "https://x.example/0ther" }) },
    alerts: {
      hot: { when: rowValue({ name: "a.*", labels: { host: "b" }, above: 90 }) },
      more: { when: sinkDown() },
      disk_nearly_full: "off",
    },
  });
  expect(linesOfChanges(settingsChanges(before(), after))).toEqual([
    "alerts.disk_nearly_full as it was → none",
    "alerts.hot as it was → as it is now",
    "alerts.down as it was → none",
    "alerts.more none → as it is now",
    "notifiers.hook as it was → as it is now",
  ]);
});

test("alerts that are the same are no change", () => {
  expect(isSame(settingsChanges(before(), before()))).toBe(true);
});
