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
import { sharedHelper, sinkHelper, sourceHelper } from "./component.ts";
import type { DurationText } from "./duration.ts";
import type { Configurable } from "./env.ts";
import { type FunctionCall, functionCall } from "./function-calls.ts";

export type { Severity } from "../core/alert-settings.ts";
export type { MappedEvent, RuleEvent } from "../core/settings.ts";
export type { CalendarUnit, Weekday } from "../core/window.ts";
export type { AggregateInput, FunctionInput } from "./aggregate.ts";
export type { Bound, ConditionCall } from "./alert-calls.ts";
export {
  deadLetters,
  diskFree,
  eventsLost,
  lateShare,
  noRows,
  outboxAge,
  outboxFill,
  outboxRows,
  ownMetric,
  rowValue,
  sinkDown,
  sourceDown,
  watermarkLag,
} from "./alert-calls.ts";
export type { AlertInput } from "./alerts.ts";
export type {
  CalendarCall,
  HoppingCall,
  SessionCall,
  TumblingCall,
  WindowCall,
} from "./calls.ts";
export { calendar, hopping, session, tumbling } from "./calls.ts";
export type { SinkInput, SourceInput } from "./component.ts";
export type { CustomFunction, CustomFunctionCall, CustomWindow } from "./custom-function.ts";
export { customFunction } from "./custom-function.ts";
export type { ConfigInput, RuleInput } from "./define.ts";
export { defineConfig } from "./define.ts";
export type { DurationText } from "./duration.ts";
export type { Configurable, EnvReference } from "./env.ts";
export { env } from "./env.ts";
export type { EventFunctionCall, FunctionCall } from "./function-calls.ts";
export { eventFunction } from "./function-calls.ts";
export type { GroupByText } from "./group-by.ts";
export type { NotifierInput } from "./notifiers.ts";
export { alertmanager, slack, webhook } from "./notifiers.ts";

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
/** The value with the earliest event time. */
export const first = functionCall("first");
/** The value with the latest event time. */
export const last = functionCall("last");
/** The largest value minus the smallest. */
export const range = functionCall("range");
/** The last value minus the first, by event time. */
export const delta = functionCall("delta");
/** The standard deviation of a sample (n - 1); null for one value. */
export const stddev = functionCall("stddev");
/** The standard deviation of a population (n). */
export const stddevPop = functionCall("stddevPop");
/** The variance of a sample (n - 1); null for one value. */
export const variance = functionCall("variance");
/** The variance of a population (n). */
export const variancePop = functionCall("variancePop");
/** The value in the middle; that of `quantile(0.5)`. */
export const median = functionCall("median");
/** The value that a fraction `q` of the values, from 0 to 1, lies below: `quantile(0.99)`. */
export const quantile: (q: Configurable<number>) => FunctionCall = functionCall(
  "quantile",
  "fraction",
);
/** The sum per second of the window. */
export const rate = functionCall("rate");
/** How many values are different. */
export const distinct = functionCall("distinct");
/** How many values lie between bounds, which ascend: `histogram([0.1, 0.5, 1])`. */
export const histogram: (bounds: Configurable<readonly number[]>) => FunctionCall = functionCall(
  "histogram",
  "bounds",
);
/** The mean in which a value counts half for every `halfLife` that it is older than the end. */
export const ewma: (halfLife: Configurable<DurationText>) => FunctionCall = functionCall(
  "ewma",
  "duration",
);

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
