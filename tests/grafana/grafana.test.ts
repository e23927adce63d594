import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { METRICS, type MetricDefinition } from "../../src/pipeline/metrics/catalog.ts";
import { GRAFANA_FILE, grafanaText, queriesOfDashboard } from "../support/grafana.ts";

const RULES = readFileSync(join(import.meta.dir, "../../docs/grafana/rules.yml"), "utf8");

const CATALOG = new Map<string, MetricDefinition>(Object.entries(METRICS));

/** Names of metrics in an expression or a file, as they are in the catalog. */
function metricsIn(text: string): string[] {
  return [...text.matchAll(/\b(?:aggregator|process|nodejs)_[a-z_]+\b/g)].map(([name]) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, "");
    return CATALOG.get(base)?.type === "histogram" ? base : name;
  });
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: {
    readonly h: number;
    readonly w: number;
    readonly x: number;
    readonly y: number;
  };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string }[];
  };
  readonly panels: readonly Panel[];
}

const file = readFileSync(GRAFANA_FILE, "utf8");
// Its shape is what the tests are about.
const dashboard = JSON.parse(file) as Dashboard;

describe("docs/grafana/aggregator.json", () => {
  test("is what the panels say: bun run generate", () => {
    expect(file).toBe(grafanaText());
  });

  test("lets the data source and the instances be chosen, and every panel goes by them", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    const variables = dashboard.templating.list.map(({ name, type }) => [name, type]);
    expect(variables).toEqual([
      ["datasource", "datasource"],
      ["instance", "query"],
    ]);
    for (const panel of dashboard.panels.filter(({ type }) => type !== "row")) {
      expect(panel.datasource?.uid).toBe("${datasource}");
      for (const { expr } of panel.targets!) {
        // Each selector of a metric chooses by instance.
        const selected = expr.match(/\b(?:aggregator|process)_[a-z_]+(?:\{[^}]*\})?/g)!;
        for (const one of selected) expect(one).toContain('{instance=~"$instance"');
      }
    }
  });

  test("no two panels have one id, one title or one place", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos, title } of panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.has(`${x}/${y}`)]).toEqual([title, false]);
          taken.add(`${x}/${y}`);
        }
      }
    }
  });

  test("asks only for metrics that there are", () => {
    for (const { title, expr } of queriesOfDashboard()) {
      for (const name of metricsIn(expr))
        expect([title, name, CATALOG.has(name)]).toEqual([title, name, true]);
    }
  });
});

describe("docs/grafana/rules.yml", () => {
  test("asks only for metrics that there are", () => {
    const names = metricsIn(RULES);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect([name, CATALOG.has(name)]).toEqual([name, true]);
  });

  test("every alert says how bad it is, what it is and what to do, and has a case", () => {
    const cases = readFileSync(join(import.meta.dir, "rules-cases.yml"), "utf8");
    const alerts = RULES.split(/^ {6}- alert: /m).slice(1);
    expect(alerts.length).toBeGreaterThan(20);
    for (const alert of alerts) {
      const [name = ""] = alert.split("\n");
      expect(alert).toMatch(/labels: \{ severity: (?:warning|critical) \}/);
      expect(alert).toContain("summary: ");
      expect([name, cases.includes(`alertname="${name}"`)]).toEqual([name, true]);
    }
  });
});
