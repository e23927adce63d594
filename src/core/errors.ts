/**
 * Three kinds of failure, three roads: bad data is a value (a {@link Refusal}), a lost connection is
 * a {@link TransientError} and is tried again, a broken invariant crashes through {@link assert}.
 */

/**
 * Something outside is away for now. The pipeline closes the component, waits and opens it again;
 * nothing is lost. Throw it for refused connections, time-outs, 429, 503 and the like.
 *
 * @example
 * ```ts
 * throw new TransientError("Cannot read from the bus: status 429", { retryAfterMs: 3000 });
 * ```
 */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** How long the other side asked us to stay away, in milliseconds; undefined: our own backoff. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * Trying again cannot help: wrong credentials, a table of another shape, a fenced owner. The process
 * stops with this message, which says what to do.
 */
export class FatalError extends Error {
  override readonly name: string = "FatalError";
}

/** Another process writes where we did, and is newer: this one must write no more. */
export class FencedError extends FatalError {
  override readonly name = "FencedError";
}

/** Whether somebody newer took over, however that is told. */
export function isFenced(thrown: unknown): boolean {
  if (thrown instanceof FencedError) return true;
  return thrown instanceof Error && thrown.cause !== undefined && isFenced(thrown.cause);
}

/** One thing that is wrong in a configuration. */
export interface ConfigIssue {
  /** Where, as one would write it in the file: `rules.latency.window`. Empty: the file as a whole. */
  readonly path: string;
  /** What is wrong, with the value, what is wanted and the nearest spelling. Sentence case, no full stop. */
  readonly message: string;
}

/** The configuration is wrong. Carries every issue at once; the command line exits with 78. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super(
      issues
        .map((issue) => (issue.path === "" ? issue.message : `${issue.path}: ${issue.message}`))
        .join("\n"),
    );
    this.issues = issues;
  }
}

/** Throws when the program itself is wrong; never for bad input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${message}`);
}

/** What a runtime adds for those who program: who runs a service has no use for it. */
const ADVICE = /\. (?:For more information|Is the computer able)\b.*$/s;

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // An AggregateError (refused connections to several addresses) hides its story in its parts.
  if (thrown.message === "" && thrown instanceof AggregateError && thrown.errors.length > 0) {
    return messageOf(thrown.errors[0]);
  }
  return thrown.message === "" ? thrown.name : thrown.message.replace(ADVICE, "");
}
