import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { METRICS, type MetricDefinition } from "../../src/pipeline/metrics/catalog.ts";
import { formatted } from "./formatted.ts";

/**
 * The names that alerts may say, made from the catalog: what a configuration is read by may not import the
 * pipeline. `bun tests/support/metric-names.ts` writes them; a test compares.
 */
export const NAMES_FILE = join(import.meta.dir, "../../src/core/own-metric-names.ts");

/** The file as the catalog wants it. */
export function metricNamesFile(): string {
  const names = Object.entries<MetricDefinition>(METRICS).flatMap(([name, { type }]) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
  );
  const text = `/** Every metric of \`/metrics\`, for alerts to name: made from the catalog by \`bun run generate\`. */
export const OWN_METRICS = [
${names
  .sort()
  .map((name) => `  "${name}",\n`)
  .join("")}] as const;

export type OwnMetric = (typeof OWN_METRICS)[number];
`;
  return formatted("names.ts", text);
}

if (import.meta.main) writeFileSync(NAMES_FILE, metricNamesFile());
