import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { METRIC_GROUPS, type MetricDefinition } from "../../src/pipeline/metrics/catalog.ts";

/**
 * The tables of the metrics, made from the catalog. `bun tests/support/metrics-page.ts` writes them between
 * the markers of the page; a test compares.
 */
export const METRICS_FILE = join(import.meta.dir, "../../docs/metrics.md");

const BEGIN = "<!-- generated from the catalog: bun run generate -->";
const END = "<!-- end of what is generated -->";

/** The page with what is between its markers made anew. */
export function withMetrics(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`No markers in ${METRICS_FILE}`);
  const tables = Object.entries(METRIC_GROUPS).map(
    ([group, metrics]) => `### ${group}\n\n${table(Object.entries(metrics))}`,
  );
  return formatted(
    `${page.slice(0, begin)}${BEGIN}\n\n${tables.join("\n\n")}\n\n${page.slice(end)}`,
  );
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

function formatted(page: string): string {
  const biome = join(import.meta.dir, "../../node_modules/.bin/biome");
  return execFileSync(biome, ["format", "--stdin-file-path=metrics.md"], {
    input: page,
    encoding: "utf8",
  });
}

if (import.meta.main) {
  writeFileSync(METRICS_FILE, withMetrics(readFileSync(METRICS_FILE, "utf8")));
}
