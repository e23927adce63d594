import { byEvent } from "../../src/aggregations/list.ts";
import type { RuleSettings, Settings } from "../../src/core/settings.ts";
import { durationMicros, epochMicros } from "../../src/core/time.ts";

const SECOND = 1_000_000;

/** A rule of one-minute windows by the event's function, but for what is said. */
export function ruleOf(more: Partial<RuleSettings> = {}): RuleSettings {
  return {
    name: "per_minute",
    window: { kind: "tumbling", size: durationMicros(60 * SECOND), offset: durationMicros(0) },
    allowedLateness: durationMicros(0),
    aggregate: byEvent,
    to: ["main"],
    seriesMax: 1000,
    ...more,
  };
}

/** Settings of a pipeline, but for the source and the sinks. */
export function settingsOf(
  parts: Pick<Settings, "source" | "sinks"> & Partial<Settings>,
): Settings {
  return {
    name: "test",
    origin: "the test",
    rules: [ruleOf()],
    time: {
      outOfOrderness: durationMicros(5 * SECOND),
      idleTimeout: durationMicros(10 * SECOND),
      maxFuture: durationMicros(60 * SECOND),
      maxPartitionSkew: durationMicros(3600 * SECOND),
      timestampUnit: "s",
      minTimestamp: epochMicros(-2_208_988_800 * SECOND),
      maxTimestamp: epochMicros(7_258_118_400 * SECOND),
    },
    dedupe: { for: durationMicros(3600 * SECOND), idsMax: 1000 },
    status: { host: "127.0.0.1", port: 0, portAsked: true, token: undefined },
    metrics: { everyMs: 10_000 },
    state: { dir: "" },
    bus: { embedded: false, bytesMax: 1e6, retention: durationMicros(3600 * SECOND) },
    secrets: [],
    ...parts,
  };
}
