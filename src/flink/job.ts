import type { Settings } from "../core/settings.ts";
import { comment, text } from "./literals.ts";
import { flinkRule } from "./rule.ts";
import { eventsTable, rowsTable } from "./tables.ts";

export interface FlinkJobOptions {
  readonly version: string;
  /** A file or folder of NDJSON in place of the source. */
  readonly events?: string | undefined;
  /** A folder for the rows in place of the sink. */
  readonly rows?: string | undefined;
}

export interface FlinkJob {
  /** Statements for the SQL client of Flink. */
  readonly sql: string;
  /** What is not the same there, by rule; under an empty name what is so for all. */
  readonly notes: readonly { readonly rule: string; readonly note: string }[];
  /** Rules that are in it. */
  readonly rules: readonly string[];
}

/** What holds whatever the rules are. */
const ALWAYS = [
  "there are no ids of rows, no revisions and no flags: a row that is written twice is there twice",
  "events with an id that came before count again",
  "what is no event is passed over without a word: there are no dead letters and no ledger",
  "times are in milliseconds; limits of series, and of how far an event may be ahead, are not kept",
];

/** The rules of a configuration as a job of Flink SQL (2.x), with what is not the same. */
export function flinkJob(settings: Settings, options: FlinkJobOptions): FlinkJob {
  const events = eventsTable(settings, options.events);
  const rows = rowsTable(settings, options.rows);
  const context = { pipeline: settings.name, rows: "`rows`", rules: settings.rules };
  const rules = settings.rules.map((rule) => ({ rule, made: flinkRule(rule, context) }));
  const notes = [
    ...[...events.notes, ...rows.notes, ...ALWAYS].map((note) => ({ rule: "", note })),
    ...rules.flatMap(({ rule, made }) => made.notes.map((note) => ({ rule: rule.name, note }))),
  ];
  const { idleTimeout } = settings.time;
  const idle = idleTimeout === "off" ? "0 ms" : `${Math.ceil(idleTimeout / 1000)} ms`;
  // Rows in files and in Kafka are there after a checkpoint; a job over files has one at its end.
  const checkpoints = events.isEndless ? ["SET 'execution.checkpointing.interval' = '10 s';"] : [];
  const inserts = rules.flatMap(({ made }) => made.insert ?? []);
  const sql = [
    comment(
      `Pipeline ${settings.name} as a job of Flink SQL, made by aggregator ${options.version}`,
    ),
    comment("Run it with: bin/sql-client.sh -f FILE"),
    comment(""),
    comment("What is not the same:"),
    ...notes.map(({ rule, note }) => comment(`  ${rule === "" ? "" : `${rule}: `}${note}`)),
    "",
    "SET 'execution.runtime-mode' = 'streaming';",
    "SET 'table.local-time-zone' = 'UTC';",
    `SET 'table.exec.source.idle-timeout' = ${text(idle)};`,
    ...checkpoints,
    `SET 'pipeline.name' = ${text(settings.name)};`,
    "",
    events.sql,
    "",
    rows.sql,
    "",
    ...rules.flatMap(({ made }) => (made.view === undefined ? [] : [made.view, ""])),
    "EXECUTE STATEMENT SET BEGIN",
    inserts.join("\n"),
    "END;",
    "",
  ];
  return {
    sql: sql.join("\n"),
    notes,
    rules: rules.filter(({ made }) => made.insert !== undefined).map(({ rule }) => rule.name),
  };
}
