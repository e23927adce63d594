import type { RuleSettings } from "../core/settings.ts";
import { windowText } from "../core/window-text.ts";
import { flinkFunction } from "./functions.ts";
import { comment, matches, name, text } from "./literals.ts";
import { flinkWindow } from "./window.ts";

/** What a rule becomes. */
export interface FlinkRule {
  /** Makes the view of its events; undefined: the rule cannot be said. */
  readonly view: string | undefined;
  readonly insert: string | undefined;
  /** What is not the same, or why it cannot be said. */
  readonly notes: readonly string[];
}

interface RuleContext {
  readonly pipeline: string;
  /** Of the table of the rows. */
  readonly rows: string;
  readonly rules: readonly RuleSettings[];
}

/** A rule as a view and an INSERT. */
export function flinkRule(rule: RuleSettings, context: RuleContext): FlinkRule {
  const root = rootOf(rule, context.rules);
  const left = (why: string): FlinkRule => ({
    view: undefined,
    insert: undefined,
    notes: [`left out: ${why}`],
  });
  if (root.where !== undefined || root.map !== undefined) {
    return left("where and map are code of the configuration");
  }
  const labels = root.groupBy?.labels ?? [];
  const keys = [
    ...((root.groupBy?.name ?? true) ? ["`name`"] : []),
    ...labels.map((_, i) => `\`label_${i + 1}\``),
    ...(rule.aggregate.kind === "event" ? ["`agg_func`"] : []),
  ];
  const view = name(`events_of_${rule.name}`);
  const window = flinkWindow(rule.window, { view, keys });
  if ("missing" in window) return left(`${windowText(rule.window)}: ${window.missing}`);
  const functions = functionsOf(rule);
  if (functions.known.length === 0) return left("none of its functions is there");
  if (keys.length === 0 && rule.window.kind === "session")
    return left("a session needs a key there");
  const head = comment(`Rule ${rule.name}: ${windowText(rule.window)}`);
  return {
    view: `${head}\n${viewOf(root, { view, labels })}`,
    insert: insertOf(rule, { window: window.sql, keys, labels, functions, context }),
    notes: [
      ...(window.note === undefined ? [] : [window.note]),
      ...functions.notes,
      ...notesOf(rule),
    ],
  };
}

/** A rule that merges the windows of another one is computed from the events of that. */
function rootOf(rule: RuleSettings, rules: readonly RuleSettings[]): RuleSettings {
  const from = rules.find(({ name: other }) => other === rule.from);
  return from === undefined ? rule : rootOf(from, rules);
}

interface Functions {
  readonly known: readonly { readonly key: string; readonly sql: string }[];
  readonly notes: readonly string[];
}

function functionsOf({ aggregate, window }: RuleSettings): Functions {
  const known: { key: string; sql: string }[] = [];
  const notes = new Set<string>();
  for (const { key, aggregation } of aggregate.functions) {
    // The length of a window is known where all are alike.
    const isRate =
      aggregation.name === "rate" && (window.kind === "tumbling" || window.kind === "hopping");
    const found = isRate
      ? { sql: `SUM(\`value\`) / ${window.size / 1_000_000}` }
      : flinkFunction(aggregation);
    if ("missing" in found) notes.add(`${key} is left out: ${found.missing}`);
    else {
      known.push({ key, sql: found.sql });
      if (found.note !== undefined) notes.add(`${key}: ${found.note}`);
    }
  }
  return { known, notes: [...notes] };
}

function viewOf(
  { match }: RuleSettings,
  { view, labels }: { readonly view: string; readonly labels: readonly string[] },
): string {
  const columns = [
    "`name`",
    "`value`",
    "COALESCE(`agg_func`, 'sum') AS `agg_func`",
    ...labels.map((label, i) => `\`labels\`[${text(label)}] AS \`label_${i + 1}\``),
    "`event_time`",
  ];
  const conditions = [
    "`name` IS NOT NULL AND `value` IS NOT NULL",
    ...(match?.name === undefined ? [] : [matches("`name`", match.name)]),
    ...[...(match?.labels ?? [])].map(([label, globs]) =>
      matches(`\`labels\`[${text(label)}]`, globs),
    ),
  ];
  return `CREATE TEMPORARY VIEW ${view} AS
SELECT
  ${columns.join(",\n  ")}
FROM \`events\`
WHERE ${conditions.join("\n  AND ")};`;
}

/** Unix seconds of a column that is a moment. */
function secondsOf(column: string): string {
  return (
    `CAST(UNIX_TIMESTAMP(DATE_FORMAT(${column}, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE)` +
    ` + CAST(EXTRACT(MILLISECOND FROM ${column}) AS DOUBLE) / 1000`
  );
}

function insertOf(
  rule: RuleSettings,
  parts: {
    readonly window: string;
    readonly keys: readonly string[];
    readonly labels: readonly string[];
    readonly functions: Functions;
    readonly context: RuleContext;
  },
): string {
  const { window, keys, labels, functions, context } = parts;
  const isEvent = rule.aggregate.kind === "event";
  const { known } = functions;
  const groups = [...keys, "`window_start`", "`window_end`"];
  const values = isEvent
    ? `CASE \`agg_func\`\n      ${known.map(({ key, sql }) => `WHEN ${text(key)} THEN ${sql}`).join("\n      ")}\n    END AS \`value\``
    : known.map(({ sql }, i) => `${sql} AS \`value_${i + 1}\``).join(",\n    ");
  const wanted = isEvent
    ? `\n  WHERE \`agg_func\` IN (${known.map(({ key }) => text(key)).join(", ")})`
    : "";
  const unnest = isEvent
    ? ""
    : `\nCROSS JOIN UNNEST(ARRAY[${known
        .map(
          ({ key }, i) => `ROW(CAST(${text(key)} AS STRING), CAST(w.\`value_${i + 1}\` AS DOUBLE))`,
        )
        .join(", ")}]) AS f (\`agg_func\`, \`value\`)`;
  const of = isEvent ? "w" : "f";
  const labelled = labels.map((label, i) => `${text(label)}, w.\`label_${i + 1}\``);
  return `INSERT INTO ${context.rows}
SELECT
  ${text(context.pipeline)}, ${text(rule.name)},
  ${keys.includes("`name`") ? "w.`name`" : "CAST('' AS STRING)"},
  ${labelled.length === 0 ? "CAST(NULL AS MAP<STRING, STRING>)" : `MAP[${labelled.join(", ")}]`},
  ${of}.\`agg_func\`,
  ${secondsOf("w.`window_start`")},
  ${secondsOf("w.`window_end`")},
  ${of}.\`value\`, w.\`count\`
FROM (
  SELECT
    ${groups.join(", ")},
    ${values},
    COUNT(*) AS \`count\`
  FROM TABLE(${window})${wanted}
  GROUP BY ${groups.join(", ")}
) w${unnest};`;
}

function notesOf({ allowedLateness, early, fill, emit, from, groupBy }: RuleSettings): string[] {
  return [
    ...(allowedLateness === 0
      ? []
      : ["allowedLateness: what comes behind the watermark is lost there, without a revision"]),
    ...(early === undefined ? [] : ["early: there are no rows before the end of a window"]),
    ...(fill === undefined ? [] : ["fill: there are no rows for windows without events"]),
    ...(emit === undefined ? [] : ["emit: every row is final there"]),
    ...(from === undefined
      ? []
      : [`from: it is computed from the events, not from the windows of ${from}`]),
    ...((groupBy?.labels.length ?? 0) === 0
      ? []
      : ["a label that an event does not have is null there"]),
  ];
}
