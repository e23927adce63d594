/** What a config file may import from `aggregator`. */

import { kafka as kafkaSink } from "../sinks/kafka.ts";
import { postgres as postgresSink } from "../sinks/postgres.ts";
import { sqlite as sqliteSink } from "../sinks/sqlite.ts";
import { stdout as stdoutSink } from "../sinks/stdout.ts";
import { embedded as embeddedSource } from "../sources/embedded.ts";
import { file as fileSource } from "../sources/file.ts";
import { kafka as kafkaSource } from "../sources/kafka.ts";
import { stdin as stdinSource } from "../sources/stdin.ts";
import { vabus as vabusSource } from "../sources/vabus.ts";
import { functionCall } from "./calls.ts";
import { sharedHelper, sinkHelper, sourceHelper } from "./component.ts";

export type { AggregateInput } from "./aggregate.ts";
export type { EventFunctionCall, FunctionCall, TumblingCall } from "./calls.ts";
export { eventFunction, tumbling } from "./calls.ts";
export type { SinkInput, SourceInput } from "./component.ts";
export type { ConfigInput, RuleInput } from "./define.ts";
export { defineConfig } from "./define.ts";
export type { DurationText } from "./duration.ts";
export type { Configurable, EnvReference } from "./env.ts";
export { env } from "./env.ts";

/** The sum of the values. */
export const sum = functionCall("sum");
/** The arithmetic mean. */
export const avg = functionCall("avg");
/** The smallest value. */
export const min = functionCall("min");
/** The largest value. */
export const max = functionCall("max");
/** The number of events. */
export const count = functionCall("count");

/** Source: our own bus, served below `/vabus`; the default. */
export const embedded = sourceHelper(embeddedSource);
/** Source: events as NDJSON in a file. */
export const file = sourceHelper(fileSource);
/** Source: events as NDJSON on standard input. */
export const stdin = sourceHelper(stdinSource);
/** Source: VaBus over HTTP, by cursor or one event at a time. */
export const vabus = sourceHelper(vabusSource);

/** Source: topics of Kafka, or a share of their partitions. Sink: a topic, one transaction a batch. */
export const kafka = sharedHelper(kafkaSource, kafkaSink);
/** Sink: a table of a PostgreSQL database. */
export const postgres = sinkHelper(postgresSink);
/** Sink: a table of a SQLite file. */
export const sqlite = sinkHelper(sqliteSink);
/** Sink: a line of JSON per row on standard output. */
export const stdout = sinkHelper(stdoutSink);
