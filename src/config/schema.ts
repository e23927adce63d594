import * as v from "valibot";
import {
  ALERTS_MAX,
  DEDUPE_IDS_MAX_DEFAULT,
  MAX_TIMESTAMP_DEFAULT,
  MIN_TIMESTAMP_DEFAULT,
} from "../core/limits.ts";
import type { SinkDefinition } from "../core/sink.ts";
import type { SourceDefinition } from "../core/source.ts";
import { sinks } from "../sinks/list.ts";
import { sources } from "../sources/list.ts";
import { registrySchema } from "./aggregate.ts";
import { alertEntrySchema } from "./alerts.ts";
import { backupSchema } from "./backup.ts";
import { componentSchema, type SinkInput, type SourceInput } from "./component.ts";
import { duration, durationOrOff } from "./duration.ts";
import { instant } from "./instant.ts";
import { logSchema } from "./log.ts";
import { namedSchema } from "./named.ts";
import { notifierSchema } from "./notifiers.ts";
import { otlpSchema } from "./otlp.ts";
import { ruleSchema } from "./rule-schema.ts";
import { stateSchema } from "./state-schema.ts";
import { statusSchema } from "./status-schema.ts";

/** The source that reads our own bus: the only one for which the service serves it. */
export const EMBEDDED_SOURCE = "embedded";

/** Larger tables fill the memory before they are full, and a Map ends at 2^24 entries. */
const DEDUPE_IDS_MAX = 16_000_000;

/** A day of some hundred events a second; little to any disk. */
const BUS_BYTES_DEFAULT = 1_073_741_824;

/** Less than one segment of the journal makes no sense. */
const BUS_BYTES_MIN = 1_048_576;

/** What is aggregated when nothing is said. */
export const DEFAULT_RULES = {
  per_minute: { window: { kind: "tumbling", size: "60s" }, aggregate: { kind: "event" } },
} as const;

/** Each has a queue and a loop of its own. */
const NOTIFIERS_MAX = 32;

/** The name of the pipeline is no key, so it may begin with a digit. */
const PIPELINE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Says for the reference how a value is written whose schema is one of our own. */
function written<Input>(type: string): v.MetadataAction<Input, { readonly type: string }> {
  return v.metadata({ type });
}

function count(max: number): v.GenericSchema<number> {
  return v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));
}

export const timeSchema = v.strictObject({
  outOfOrderness: v.pipe(
    v.optional(duration({ min: "0us" }), "5s"),
    written("duration"),
    v.description("How far the watermark stays behind the newest event."),
  ),
  idleTimeout: v.pipe(
    v.optional(durationOrOff({ min: "1ms" }), "10s"),
    written('duration or `"off"`'),
    v.description("After how long without events event time goes on at the pace of the clock."),
  ),
  maxFuture: v.pipe(
    v.optional(durationOrOff({ min: "0us" }), "60s"),
    written('duration or `"off"`'),
    v.description("How far ahead of the clock an event may be; others are refused as `future`."),
  ),
  maxPartitionSkew: v.pipe(
    v.optional(durationOrOff({ min: "1s" }), "1h"),
    written('duration or `"off"`'),
    v.description("How far a partition may be ahead of the watermark; beyond that it waits."),
  ),
  timestampUnit: v.pipe(
    v.optional(v.picklist(["s", "ms", "us", "ns"]), "s"),
    v.description("What the `timestamp` of an event counts."),
  ),
  minTimestamp: v.pipe(
    v.optional(instant(), MIN_TIMESTAMP_DEFAULT),
    written("unix seconds or ISO text"),
    v.description("Events before it are refused as `invalid_timestamp`; default: the year 1900."),
  ),
  maxTimestamp: v.pipe(
    v.optional(instant(), MAX_TIMESTAMP_DEFAULT),
    written("unix seconds or ISO text"),
    v.description("Events after it are refused as `invalid_timestamp`; default: the year 2200."),
  ),
});

/**
 * The configuration: its types, checks, defaults and descriptions. What spans several parts of it is
 * checked in `check-together.ts`.
 */
export const configSchema = v.strictObject({
  name: v.pipe(
    v.optional(
      v.pipe(
        v.string(),
        v.regex(
          PIPELINE_NAME,
          "must be letters, digits, _, - and ., begin with a letter or digit and have at most 64 characters",
        ),
      ),
      "aggregator",
    ),
    v.description("Part of the id of every row: two services that share a store need two names."),
  ),
  source: v.pipe(
    // A definition of a kind takes the options that its own schema made, whichever they are.
    v.optional(componentSchema<SourceInput, SourceDefinition<unknown>>("source", sources), {
      kind: EMBEDDED_SOURCE,
    }),
    written("source"),
    v.description("Where events come from; our own bus below `/vabus` when left out."),
  ),
  rules: v.pipe(
    v.optional(namedSchema("rule", ruleSchema), DEFAULT_RULES),
    written("rules by their names"),
    v.description("What is aggregated, and how."),
  ),
  functions: v.pipe(
    v.optional(registrySchema, {}),
    written("functions by their names"),
    v.description(
      "What an event may name in `agg_func` besides `sum`, `avg`, `min`, `max` and `count`.",
    ),
  ),
  sinks: v.pipe(
    v.optional(
      namedSchema("sink", componentSchema<SinkInput, SinkDefinition<unknown>>("sink", sinks)),
      {
        sqlite: { kind: "sqlite", path: "aggregates.sqlite" } as SinkInput,
      },
    ),
    written("sinks by their names"),
    v.description("Where rows go."),
  ),
  alerts: v.pipe(
    v.optional(namedSchema("alert", alertEntrySchema, { min: 0, max: ALERTS_MAX }), {}),
    written("alerts by their names"),
    v.description(
      "What is told of when it is out of order, besides the alerts that come with the program.",
    ),
  ),
  notifiers: v.pipe(
    v.optional(namedSchema("notifier", notifierSchema, { min: 0, max: NOTIFIERS_MAX }), {}),
    written("notifiers by their names"),
    v.description("Who is told of alerts; the dashboard and `/alerts` show them anyway."),
  ),
  time: v.pipe(v.optional(timeSchema, {}), v.description("How event time is understood.")),
  dedupe: v.pipe(
    v.optional(
      v.strictObject({
        for: v.pipe(
          v.optional(duration(), "1h"),
          written("duration"),
          v.description("How long the `id` of an event is remembered, in event time."),
        ),
        maxIds: v.pipe(
          v.optional(count(DEDUPE_IDS_MAX), DEDUPE_IDS_MAX_DEFAULT),
          v.description("Ids remembered; beyond it the oldest go."),
        ),
      }),
      {},
    ),
    v.description("Which events count as copies of one that came before."),
  ),
  status: v.pipe(v.optional(statusSchema, {}), v.description("The HTTP interface.")),
  metrics: v.pipe(
    v.optional(
      v.strictObject({
        every: v.pipe(
          v.optional(duration({ min: "100ms", max: "1d" }), "10s"),
          written("duration"),
          v.description("How often the service's own metrics go back to the bus."),
        ),
        otlp: v.pipe(
          v.optional(otlpSchema),
          v.description(
            "Where `/metrics` is pushed to by OTLP over HTTP as well. The variables of OpenTelemetry when " +
              "left out: `OTEL_EXPORTER_OTLP_ENDPOINT` and its like.",
          ),
        ),
      }),
      {},
    ),
    v.description("What the service says of itself."),
  ),
  log: v.pipe(v.optional(logSchema, {}), v.description("The log, on stderr.")),
  state: v.pipe(v.optional(stateSchema, {}), v.description("What is kept over a restart.")),
  bus: v.pipe(
    v.optional(
      v.strictObject({
        maxBytes: v.pipe(
          v.optional(
            v.pipe(
              v.number(),
              v.integer(),
              v.minValue(BUS_BYTES_MIN),
              v.maxValue(Number.MAX_SAFE_INTEGER),
            ),
            BUS_BYTES_DEFAULT,
          ),
          v.description("Bytes of events kept; a full bus answers 503 until some are aggregated."),
        ),
        retention: v.pipe(
          v.optional(duration({ min: "1s" }), "1d"),
          written("duration"),
          v.description("How long aggregated events are kept for other readers."),
        ),
      }),
      {},
    ),
    v.description("Our own bus: the embedded default, and `aggregator bus`."),
  ),
  backup: v.pipe(
    v.optional(backupSchema, {}),
    v.description("Copies of the state, to begin from again."),
  ),
});
