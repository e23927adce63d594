import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { METRICS, type MetricDefinition } from "../../../src/pipeline/metrics/catalog.ts";
import { metricNamesFile, NAMES_FILE } from "../../support/metric-names.ts";
import { METRICS_FILE, withMetrics } from "../../support/metrics-page.ts";

const entries = Object.entries<MetricDefinition>(METRICS);

describe("the catalog of metrics", () => {
  test("is what docs/metrics.md says: bun run generate", () => {
    const page = readFileSync(METRICS_FILE, "utf8");
    expect(page).toBe(withMetrics(page));
  });

  test("counters and nothing else end in _total; durations are seconds, sizes bytes", () => {
    for (const [name, { type }] of entries) {
      expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
      expect(name).not.toMatch(/_(?:ms|millis|minutes|kb|mb|count|sum|bucket)(?:_|$)/);
      if (type === "histogram") expect(name).toEndWith("_seconds");
    }
  });

  test("has no two names that are one in OpenMetrics, where a counter has no _total", () => {
    const families = entries.map(([name]) => name.replace(/_total$/, ""));
    expect(families.filter((name, i) => families.indexOf(name) !== i)).toEqual([]);
  });

  test("is what alerts can name, and no more: bun run generate", () => {
    expect(readFileSync(NAMES_FILE, "utf8")).toBe(metricNamesFile());
  });

  test("bounds of histograms ascend, and only histograms have some", () => {
    for (const [name, { type, bounds }] of entries) {
      expect([name, bounds !== undefined]).toEqual([name, type === "histogram"]);
      for (const [i, bound] of (bounds ?? []).entries()) {
        expect(Number.isFinite(bound)).toBe(true);
        if (i > 0) expect(bound).toBeGreaterThan(bounds![i - 1]!);
      }
    }
  });
});
