import type { Aggregation } from "./aggregation.ts";
import type { AlertSettings, NotifierSettings } from "./alert-settings.ts";
import type { LevelName, LogPart } from "./logger.ts";
import type { Role } from "./role.ts";
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
  /**
   * What an event may name where no rule leaves the choice of the function to it. Always there when a
   * configuration was loaded.
   */
  readonly functions?: readonly string[];
  /** At least one, in the order of the file. */
  readonly sinks: readonly SinkSettings[];
  /** Always there when a configuration was loaded, with those that come with the program. */
  readonly alerts?: readonly AlertSettings[];
  readonly notifiers?: readonly NotifierSettings[];
  readonly time: TimeSettings;
  readonly dedupe: DedupeSettings;
  readonly status: StatusSettings;
  readonly metrics: MetricSettings;
  /** Always there when a configuration was loaded. */
  readonly log?: LogSettings;
  readonly state: StateSettings;
  readonly bus: BusSettings;
  /** Always there when a configuration was loaded. */
  readonly backup?: BackupSettings;
  /** Environment variables that are set for nothing, since the file says what they would: worth a warning. */
  readonly ignoredVariables?: readonly string[];
  /** Values that must never be shown: whatever is printed goes through `redact` with these. */
  readonly secrets: readonly string[];
}

/** What the service says of itself, and to whom. */
export interface MetricSettings {
  /** How often its own metrics go to the bus. */
  readonly everyMs: number;
  /** Where they are pushed to besides; undefined: nowhere. */
  readonly otlp?: OtlpSettings;
}

/** A collector that takes OTLP over HTTP. */
export interface OtlpSettings {
  /** Whole: with `/v1/metrics`. */
  readonly url: string;
  /** Secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly everyMs: number;
  /** How long one push may take. */
  readonly timeoutMs: number;
  /** Attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>;
  /** Absolute path of a PEM file; undefined: the authorities of the runtime. */
  readonly ca: string | undefined;
}

/** How much the log says, unless the command line or the environment of a run says otherwise. */
export interface LogSettings {
  readonly level: LevelName;
  /** Parts with a level of their own. */
  readonly parts: Readonly<Partial<Record<LogPart, LevelName>>>;
  /** `auto`: for the eye on a terminal, JSON lines otherwise. */
  readonly format: "auto" | "json" | "pretty";
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

/** A function under the name that its rows bear. */
export interface NamedAggregation {
  readonly key: string;
  readonly aggregation: Aggregation;
}

/** Which functions a rule computes. */
export interface AggregateSettings {
  /**
   * `event`: each event names its function by one of the keys, which is part of the series.
   * `named`: every event goes into all of them.
   */
  readonly kind: "event" | "named";
  readonly functions: readonly NamedAggregation[];
}

/** An event as the functions of a rule see it. */
export interface RuleEvent {
  readonly name: string;
  readonly value: number;
  /** Unix seconds. */
  readonly timestamp: number;
  /** The function that it names. */
  readonly agg_func: string;
  /** Without a prototype, so that `__proto__` is a label like any other. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What `map` makes of an event; what it leaves out stays as it was. Undefined: the event is filtered. */
export type MappedEvent =
  | {
      readonly name?: string;
      readonly value?: number;
      readonly labels?: Readonly<Record<string, string>>;
    }
  | undefined;

/** Globs: `*` stands for any characters, `?` for one, `[ab]` for one of these. */
export interface RuleMatch {
  /** One of them has to match; undefined: any name. */
  readonly name?: readonly string[] | undefined;
  /** By label: it has to be there, and one of the globs to match. */
  readonly labels?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** What of an event tells its series apart. */
export interface GroupBy {
  readonly name: boolean;
  /** Sorted; no label twice. */
  readonly labels: readonly string[];
}

export interface FillSettings {
  readonly with: "zero" | "null" | "previous";
  /** How long after the last window with events of a series its gaps are filled. */
  readonly for: DurationMicros;
}

export interface RuleSettings {
  readonly name: string;
  readonly window: WindowRule;
  readonly allowedLateness: DurationMicros;
  readonly aggregate: AggregateSettings;
  /** Names of sinks: all of them unless the rule says otherwise. */
  readonly to: readonly string[];
  readonly seriesMax: number;
  /**
   * The rule whose windows it merges, in place of events: a tumbling or calendar one whose boundaries
   * divide those of this one, with the same functions and series. Rules stand behind the ones they read.
   */
  readonly from?: string | undefined;
  /** Which events it takes; undefined: all. */
  readonly match?: RuleMatch | undefined;
  readonly where?: ((event: RuleEvent) => boolean) | undefined;
  /** After `match` and `where`, before the series is told. */
  readonly map?: ((event: RuleEvent) => MappedEvent) | undefined;
  /** Undefined: by name alone. */
  readonly groupBy?: GroupBy | undefined;
  /** `final`: rows once, when the window is forgotten. Undefined: at its end, and when they change. */
  readonly emit?: "final" | undefined;
  /** Rows of windows that are not over, this often. */
  readonly early?: DurationMicros | undefined;
  readonly fill?: FillSettings | undefined;
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
  /** Of an operator. Tokens are required on every address but loopback; undefined: some are made. */
  readonly token: string | undefined;
  readonly tokens?: readonly TokenSettings[];
  /** Whether clients on this machine are let in without a token. Default: `open`. */
  readonly loopback?: "open" | "token";
  /** How long a dashboard stays signed in. Default: `SESSION_MS`. */
  readonly sessionMs?: number;
  readonly tls?: TlsSettings;
  readonly oidc?: OidcSettings;
}

export interface TokenSettings {
  readonly name: string;
  readonly role: Role;
  readonly token: string;
  /** Epoch milliseconds; undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

export interface TlsSettings {
  /** Absolute path of the certificate and its chain, PEM. */
  readonly cert: string;
  /** Absolute path of its key, PEM. */
  readonly key: string;
  /** Absolute path of the authority that signs certificates of clients; undefined: none is asked for. */
  readonly clientCa: string | undefined;
  readonly clientCertificates: "optional" | "required";
  /** By CN or SHA-256 fingerprint. */
  readonly clients: readonly (readonly [certificate: string, role: Role])[];
  /** What stands in these files. Whoever loads the configuration reads it. */
  readonly files?: TlsFiles;
}

/** PEM texts. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

/** An OpenID Connect issuer whose tokens are taken. */
export interface OidcSettings {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Undefined: found by discovery. */
  readonly jwksUrl: string | undefined;
  /** A claim, or a path of claims. */
  readonly roleClaim: string;
  /** Which value of the claim gives which role. */
  readonly roles: readonly (readonly [value: string, role: Role])[];
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
