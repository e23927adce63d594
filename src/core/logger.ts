/** Fields of a log line; values must be plain data. Secrets never belong here. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What components log to. Messages are full sentences. `warn`: unexpected, nothing lost. `error`: data
 * was lost, or a person must act. Nothing per event above `trace`.
 */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A logger that says nothing. */
export const silentLogger: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
