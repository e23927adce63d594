import type { Settings, TimeSettings } from "../core/settings.ts";
import { durationMicros } from "../core/time.ts";
import { interval, text } from "./literals.ts";

export interface FlinkTable {
  readonly sql: string;
  readonly notes: readonly string[];
}

/** How many of a unit make a millisecond, or how many milliseconds make one. */
const MILLIS: Readonly<Record<TimeSettings["timestampUnit"], string>> = {
  s: "FLOOR(`timestamp` * 1000)",
  ms: "FLOOR(`timestamp`)",
  us: "FLOOR(`timestamp` / 1000)",
  ns: "FLOOR(`timestamp` / 1000000)",
};

/** What of the options of a Kafka source or sink is said there. */
interface KafkaLike {
  readonly brokers: readonly string[];
  readonly topic: string | readonly string[];
  readonly group?: string;
}

/** The events. */
export interface EventsTable extends FlinkTable {
  /** Whether there are always more: files have an end, topics have none. */
  readonly isEndless: boolean;
}

/** The events: the topics of the source, or files. */
export function eventsTable({ source, time }: Settings, path: string | undefined): EventsTable {
  const kafka = path === undefined && source.definition.name === "kafka";
  const { outOfOrderness, timestampUnit } = time;
  // Below a millisecond it waits for a whole one: too long is safe.
  const delay = interval(durationMicros(Math.ceil(outOfOrderness / 1000) * 1000))!;
  const connector = kafka
    ? // Its options are those of the definition of this name.
      kafkaSource(source.options as KafkaLike)
    : [`'connector' = 'filesystem'`, `'path' = ${text(path ?? "events.ndjson")}`];
  const missing = `source ${source.definition.name} is not there: the job reads events.ndjson; --events names another file`;
  const ofFiles = path === undefined ? [missing] : [];
  return {
    sql: `CREATE TEMPORARY TABLE \`events\` (
  \`name\` STRING,
  \`value\` DOUBLE,
  \`timestamp\` DOUBLE,
  \`agg_func\` STRING,
  \`labels\` MAP<STRING, STRING>,
  \`event_time\` AS TO_TIMESTAMP_LTZ(CAST(${MILLIS[timestampUnit]} AS BIGINT), 3),
  WATERMARK FOR \`event_time\` AS \`event_time\` - ${delay}
) WITH (
  ${[...connector, "'format' = 'json'", "'json.ignore-parse-errors' = 'true'"].join(",\n  ")}
);`,
    notes: kafka ? KAFKA_NOTES : ofFiles,
    isEndless: kafka,
  };
}

const KAFKA_NOTES = [
  "TLS and passwords of Kafka are not written: add them to the tables as 'properties.…'",
  "the connector for Kafka is no part of Flink: put flink-sql-connector-kafka into its folder lib",
];

function kafkaSource({ brokers, topic, group }: KafkaLike): string[] {
  return [
    "'connector' = 'kafka'",
    `'properties.bootstrap.servers' = ${text(brokers.join(","))}`,
    `'topic' = ${text([topic].flat().join(";"))}`,
    `'properties.group.id' = ${text(`${group ?? "aggregator"}-flink`)}`,
    "'properties.isolation.level' = 'read_committed'",
    "'scan.startup.mode' = 'earliest-offset'",
  ];
}

/** The rows: the topic of a Kafka sink, or files. */
export function rowsTable({ sinks }: Settings, path: string | undefined): FlinkTable {
  const sink =
    path === undefined ? sinks.find(({ definition }) => definition.name === "kafka") : undefined;
  const others = sinks.filter((other) => other !== sink).map(({ name }) => name);
  const connector =
    sink === undefined
      ? ["'connector' = 'filesystem'", `'path' = ${text(path ?? "rows")}`]
      : kafkaSink(sink.options as KafkaLike); // those of the definition of this name
  const where = sink === undefined ? `the folder ${path ?? "rows"}` : `the topic of ${sink.name}`;
  return {
    sql: `CREATE TEMPORARY TABLE \`rows\` (
  \`pipeline\` STRING,
  \`rule\` STRING,
  \`name\` STRING,
  \`labels\` MAP<STRING, STRING>,
  \`agg_func\` STRING,
  \`window_start\` DOUBLE,
  \`window_end\` DOUBLE,
  \`value\` DOUBLE,
  \`count\` BIGINT
) WITH (
  ${[...connector, "'format' = 'json'"].join(",\n  ")}
);`,
    notes:
      others.length === 0
        ? []
        : [`sinks ${others.join(", ")} are not there: all rows go to ${where}`],
  };
}

function kafkaSink({ brokers, topic }: KafkaLike): string[] {
  return [
    "'connector' = 'kafka'",
    `'properties.bootstrap.servers' = ${text(brokers.join(","))}`,
    `'topic' = ${text([topic].flat()[0] ?? "aggregates")}`,
    "'sink.delivery-guarantee' = 'at-least-once'",
  ];
}
