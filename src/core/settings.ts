import type { Aggregation } from "./aggregation.ts";
import type { SinkDefinition } from "./sink.ts";
import type { SourceDefinition } from "./source.ts";
import type { DurationMicros, EpochMicros, TimestampUnit } from "./time.ts";
import type { WindowRule } from "./window.ts";

/**
 * A configuration that was checked and completed: every default filled in, every path absolute, every
 * component found. The pipeline, the status service and the commands read this and nothing else.
 */
export interface Settings {
  /** Part of every row id. */
  readonly name: string;
  /** Where it came from, for messages: a file, or `the environment`. */
  readonly origin: string;
  readonly source: SourceSettings;
  /** At least one, in the order of the file. */
  readonly rules: readonly RuleSettings[];
  /** At least one, in the order of the file. */
  readonly sinks: readonly SinkSettings[];
  readonly time: TimeSettings;
  readonly dedupe: DedupeSettings;
  readonly status: StatusSettings;
  readonly metrics: { readonly everyMs: number };
  readonly state: StateSettings;
  readonly bus: BusSettings;
  /** Always there when a configuration was loaded. */
  readonly backup?: BackupSettings;
  /** Environment variables that are set for nothing, since the file says what they would: worth a warning. */
  readonly ignoredVariables?: readonly string[];
  /** Values that must never be shown: whatever is printed goes through `redact` with these. */
  readonly secrets: readonly string[];
}

export interface SourceSettings {
  // The options were made by this very definition's schema; no reader looks into them.
  readonly definition: SourceDefinition<unknown>;
  readonly options: unknown;
}

/** Which part of the source this instance reads, as `index/count`. */
export function shareOf({ definition, options }: SourceSettings): string {
  return definition.share?.(options) ?? "0/1";
}

export interface SinkSettings {
  readonly name: string;
  readonly definition: SinkDefinition<unknown>;
  readonly options: unknown;
}

/** Which functions a rule computes. */
export type AggregateSettings =
  /** Each event names its function, which is part of the series; these may be named. */
  | { readonly kind: "event"; readonly functions: readonly Aggregation[] }
  /** Every event goes into all of these; `key` is the row's `agg_func`. */
  | {
      readonly kind: "named";
      readonly functions: readonly { readonly key: string; readonly aggregation: Aggregation }[];
    };

export interface RuleSettings {
  readonly name: string;
  readonly window: WindowRule;
  readonly allowedLateness: DurationMicros;
  readonly aggregate: AggregateSettings;
  /** Names of sinks: all of them unless the rule says otherwise. */
  readonly to: readonly string[];
  readonly seriesMax: number;
}

export interface TimeSettings {
  readonly outOfOrderness: DurationMicros;
  readonly idleTimeout: DurationMicros | "off";
  readonly maxFuture: DurationMicros | "off";
  /** A partition that is further ahead of the watermark waits. */
  readonly maxPartitionSkew: DurationMicros | "off";
  readonly timestampUnit: TimestampUnit;
  readonly minTimestamp: EpochMicros;
  readonly maxTimestamp: EpochMicros;
}

export interface DedupeSettings {
  readonly for: DurationMicros;
  readonly idsMax: number;
}

export interface StatusSettings {
  readonly host: string;
  readonly port: number;
  /** Whether the port was asked for: if not, the next free one is taken when it is busy. */
  readonly portAsked: boolean;
  /** Required on every address but loopback; undefined: one is made at the first start. */
  readonly token: string | undefined;
}

/** What outlives the process. */
export interface StateSettings {
  /** Absolute. */
  readonly dir: string;
  /** How often a checkpoint is made at least, while events come. Default: `CHECKPOINT_EVERY_MS`. */
  readonly checkpointEveryMs?: number;
  /** Bytes of rows that may wait for one sink. Default: `OUTBOX_BYTES_MAX`. */
  readonly outboxBytesMax?: number;
  /** How long a stop may take to deliver what is left. Default: `SHUTDOWN_MS_MAX`. */
  readonly shutdownMsMax?: number;
  /** 32 bytes: what is kept is encrypted with it. Undefined: it is not. */
  readonly key?: Uint8Array | undefined;
  /** Absolute path of the file of the key. Whoever loads the configuration reads it. */
  readonly keyFile?: string | undefined;
}

/** Our own bus: the embedded default and `aggregator bus`. */
export interface BusSettings {
  /** Whether the service serves it below `/vabus`: when no other bus is configured. */
  readonly embedded: boolean;
  readonly bytesMax: number;
  readonly retention: DurationMicros;
}

export interface BackupSettings {
  /** Absolute path of a folder, or `s3://bucket/prefix`. */
  readonly to: string;
  /** When `run` makes one; undefined: never. Cron texts are in UTC. */
  readonly schedule:
    | { readonly kind: "every"; readonly everyMs: number }
    | { readonly kind: "cron"; readonly text: string }
    | undefined;
  /** Backups that `run` leaves there. */
  readonly keep: number;
  readonly s3: S3Settings;
}

/** How a bucket is reached. */
export interface S3Settings {
  /** URL of the server; undefined: that of Amazon. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
}
