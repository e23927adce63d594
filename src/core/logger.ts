/** Fields of a log line; values must be plain data. Secrets never belong here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Fields that are made only when the line is written. */
export type LazyFields = LogFields | (() => LogFields);

/** From the most to the least that is said. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;

export type LevelName = (typeof LOG_LEVELS)[number];

/** Parts of the service that may be given a level of their own, with what each tells. */
export const LOG_PARTS = {
  source: "batches that are read, and the connection to the source",
  engine: "windows that fire",
  state: "checkpoints, outbox and dead letters",
  sink: "deliveries, and the connections to the sinks",
  bus: "our own bus",
  http: "requests that fail, and tokens that are wrong",
  control: "what an operator asks for, and reloads",
  backup: "backups",
  metrics: "own metrics that go elsewhere",
  alerts: "alerts that fire, and who is told",
} as const;

export type LogPart = keyof typeof LOG_PARTS;

/**
 * What components log to. Messages are full sentences. `warn`: unexpected, nothing lost. `error`: data
 * was lost, or a person must act. Nothing per event above `trace`.
 */
export interface Logger {
  trace(message: string, fields?: LazyFields): void;
  debug(message: string, fields?: LazyFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether lines of a level are written, for what has to be prepared before. Absent: they are not. */
  readonly isEnabled?: (level: LevelName) => boolean;
  /** The same log for one part of the service. Absent: it knows no parts; see {@link partOf}. */
  readonly within?: (part: LogPart) => Logger;
}

/** What a part of the service logs to. */
export function partOf(logger: Logger, part: LogPart): Logger {
  return logger.within?.(part) ?? logger;
}

/** A logger that says nothing. */
export const silentLogger: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
