import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { METRIC_GROUPS, type MetricDefinition } from "../../src/pipeline/metrics/catalog.ts";
import { withGenerated } from "./generated-part.ts";

/**
 * The tables of the metrics, made from the catalog. `bun tests/support/metrics-page.ts` writes them between
 * the markers of the page; a test compares.
 */
export const METRICS_FILE = join(import.meta.dir, "../../docs/metrics.md");

/** The page with what is between its markers made anew. */
export function withMetrics(page: string): string {
  const tables = Object.entries(METRIC_GROUPS).map(
    ([group, metrics]) => `### ${group}\n\n${table(Object.entries(metrics))}`,
  );
  return withGenerated(page, { file: METRICS_FILE, from: "catalog", text: tables.join("\n\n") });
}

function table(
  metrics: readonly (readonly [name: string, definition: MetricDefinition])[],
): string {
  const rows = metrics.map(([name, { type, help, labels = [], when, bounds }]) => {
    const about = [help, when === undefined ? "" : `Only where ${when}`, boundsText(bounds)];
    const cells = [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(", "),
      `${about.filter((text) => text !== "").join(". ")}.`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| Metric | Type | Labels | |", "|---|---|---|---|", ...rows].join("\n");
}

function boundsText(bounds: readonly number[] | undefined): string {
  return bounds === undefined ? "" : `Bounds: ${bounds.join(", ")}`;
}

if (import.meta.main) {
  writeFileSync(METRICS_FILE, withMetrics(readFileSync(METRICS_FILE, "utf8")));
}
