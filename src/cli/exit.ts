import { ConfigError, messageOf } from "../core/errors.ts";
import type { Terminal } from "./terminal.ts";

/** What the process says to its caller at the end. `config` is EX_CONFIG of sysexits.h. */
export const EXIT = { ok: 0, failed: 1, usage: 2, config: 78 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line itself is wrong. The message names the word and the nearest right one. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The exit code that a failure stands for. */
export function exitCodeOf(failure: unknown): ExitCode {
  if (failure instanceof ConfigError) return EXIT.config;
  if (failure instanceof UsageError) return EXIT.usage;
  return EXIT.failed;
}

/** Tells a person on stderr why the command ends, every issue of a configuration on a line of its own. */
export function reportFailure(failure: unknown, terminal: Terminal): ExitCode {
  if (failure instanceof ConfigError) {
    const count = failure.issues.length;
    terminal.say(`The configuration has ${count === 1 ? "an error" : `${count} errors`}:`);
    for (const line of failure.message.split("\n")) terminal.say(`  ${line}`);
  } else {
    terminal.say(`aggregator: ${messageOf(failure)}`);
    // A broken invariant is our own mistake: whoever reports it needs the place.
    if (isInternal(failure)) terminal.say(failure.stack ?? "");
  }
  return exitCodeOf(failure);
}

function isInternal(failure: unknown): failure is Error {
  if (!(failure instanceof Error)) return false;
  return (
    failure.message.startsWith("Invariant broken") ||
    failure instanceof TypeError ||
    failure instanceof RangeError ||
    failure instanceof ReferenceError
  );
}
