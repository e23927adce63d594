import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatted } from "./formatted.ts";
import { DASHBOARD, type Panel, type Query } from "./grafana-panels.ts";

/**
 * The dashboard for Grafana 10 and later. `bun tests/support/grafana.ts` writes it; a test compares.
 */
export const GRAFANA_FILE = join(import.meta.dir, "../../docs/grafana/aggregator.json");

const SOURCE = { type: "prometheus", uid: "${datasource}" };

const HEIGHT = { stat: 4, graph: 8 } as const;

/** The text of the file. */
export function grafanaText(): string {
  return formatted("aggregator.json", JSON.stringify(dashboard()));
}

/** Every query of the dashboard, with the panel that it belongs to. */
export function queriesOfDashboard(): { readonly title: string; readonly expr: string }[] {
  return Object.values(DASHBOARD)
    .flat()
    .flatMap(({ title, queries }) => queries.map(({ expr }) => ({ title, expr })));
}

function dashboard(): object {
  return {
    uid: "aggregator",
    title: "Aggregator",
    description: "Events, windows, rows and their ways. See docs/metrics.md.",
    tags: ["aggregator"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    templating: { list: variables() },
    annotations: { list: [] },
    panels: panels(),
  };
}

function variables(): object[] {
  return [
    {
      name: "datasource",
      label: "Data source",
      type: "datasource",
      query: "prometheus",
      current: {},
      hide: 0,
      refresh: 1,
    },
    {
      name: "instance",
      label: "Instance",
      type: "query",
      datasource: SOURCE,
      definition: "label_values(aggregator_build_info, instance)",
      query: { query: "label_values(aggregator_build_info, instance)", refId: "instance" },
      includeAll: true,
      allValue: ".*",
      multi: true,
      current: { selected: true, text: ["All"], value: ["$__all"] },
      refresh: 2,
      sort: 1,
      hide: 0,
    },
  ];
}

function panels(): object[] {
  const all: object[] = [];
  let id = 0;
  let y = 0;
  for (const [title, row] of Object.entries(DASHBOARD)) {
    const gridPos = { h: 1, w: 24, x: 0, y };
    all.push({ id: ++id, type: "row", title, collapsed: false, gridPos, panels: [] });
    y++;
    let x = 0;
    let highest = 0;
    for (const panel of row) {
      const { width: w = 12, kind = "graph" } = panel;
      if (x + w > 24) {
        x = 0;
        y += highest;
        highest = 0;
      }
      all.push(panelOf(panel, { id: ++id, gridPos: { h: HEIGHT[kind], w, x, y } }));
      x += w;
      highest = Math.max(highest, HEIGHT[kind]);
    }
    y += highest;
  }
  return all;
}

function panelOf(panel: Panel, place: { id: number; gridPos: object }): object {
  const { title, about, kind = "graph", unit = "short", queries, alarm } = panel;
  const isStat = kind === "stat";
  return {
    ...place,
    type: isStat ? "stat" : "timeseries",
    title,
    description: about,
    datasource: SOURCE,
    targets: queries.map((query, i) => targetOf(query, { i, isStat })),
    fieldConfig: {
      defaults: {
        unit,
        ...(isStat
          ? {}
          : { min: 0, custom: { lineWidth: 1, fillOpacity: 10, showPoints: "never" } }),
        thresholds: { mode: "absolute", steps: stepsOf(alarm) },
      },
      overrides: [],
    },
    options: isStat
      ? {
          colorMode: alarm === undefined ? "none" : "value",
          graphMode: "none",
          textMode: unit === "short" && alarm === undefined ? "name" : "auto",
          reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
        }
      : {
          legend: { displayMode: "list", placement: "bottom", showLegend: true },
          tooltip: { mode: "multi", sort: "desc" },
        },
  };
}

function targetOf(
  { expr, legend }: Query,
  { i, isStat }: { readonly i: number; readonly isStat: boolean },
): object {
  const legendFormat = legend === "" ? "__auto" : legend;
  return {
    refId: String.fromCharCode(65 + i),
    datasource: SOURCE,
    editorMode: "code",
    expr,
    legendFormat,
    ...(isStat ? { instant: true } : { range: true }),
  };
}

function stepsOf(alarm: Panel["alarm"]): object[] {
  const calm = { color: "green", value: null };
  if (alarm === undefined) return [calm];
  return [calm, { color: "yellow", value: alarm[0] }, { color: "red", value: alarm[1] }];
}

if (import.meta.main) writeFileSync(GRAFANA_FILE, grafanaText());
