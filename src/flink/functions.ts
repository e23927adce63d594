import type { Aggregation } from "../core/aggregation.ts";

/** What a function of ours is there, over the column `value`; or why it is not. */
export type FlinkFunction =
  | { readonly sql: string; readonly note?: string }
  | { readonly missing: string };

const EXACT = "our results are rounded once, its additions one by one: last digits may differ";
const SKETCH = "it keeps every value; ours is a sketch beyond 1,024";
const ORDER = "it goes by the time of events here, by the order of arrival there";

const FUNCTIONS: Readonly<Record<string, FlinkFunction>> = {
  sum: { sql: "SUM(`value`)", note: EXACT },
  avg: { sql: "AVG(`value`)", note: EXACT },
  min: { sql: "MIN(`value`)" },
  max: { sql: "MAX(`value`)" },
  count: { sql: "CAST(COUNT(*) AS DOUBLE)" },
  range: { sql: "MAX(`value`) - MIN(`value`)" },
  stddev: { sql: "STDDEV_SAMP(`value`)", note: EXACT },
  stddevPop: { sql: "STDDEV_POP(`value`)", note: EXACT },
  variance: { sql: "VAR_SAMP(`value`)", note: EXACT },
  variancePop: { sql: "VAR_POP(`value`)", note: EXACT },
  median: {
    sql: "PERCENTILE(`value`, 0.5)",
    note: SKETCH,
  },
  distinct: {
    sql: "CAST(COUNT(DISTINCT `value`) AS DOUBLE)",
    note: "it keeps every value; ours is an estimate beyond some of them",
  },
  first: { missing: ORDER },
  last: { missing: ORDER },
  delta: { missing: ORDER },
  ewma: { missing: "there is none" },
  histogram: { missing: "it is a document, and no number" },
};

/** What a function is in Flink SQL. */
export function flinkFunction(aggregation: Aggregation): FlinkFunction {
  if ("source" in aggregation && aggregation.source !== undefined) {
    return { missing: "it is code of the configuration" };
  }
  const quantile = /^quantile\((.*)\)$/.exec(aggregation.name);
  if (quantile !== null) {
    // Flink takes a literal with digits alone.
    const fraction = Number(quantile[1])
      .toFixed(9)
      .replace(/(\.\d+?)0+$/, "$1");
    return { sql: `PERCENTILE(\`value\`, ${fraction})`, note: SKETCH };
  }
  const name = aggregation.name.replace(/\(.*$/s, "");
  return FUNCTIONS[name] ?? { missing: "there is none" };
}
