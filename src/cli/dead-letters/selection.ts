import { parseDuration, secondsOf } from "../../core/time.ts";
import type { DeadLetterView } from "../../pipeline/view.ts";
import { UsageError } from "../exit.ts";

/** Which letters are looked at, beside their reason and number. */
export interface LetterRange {
  /** Only those behind this number. */
  readonly after: number;
  /** When they were refused, in Unix seconds: [since, until). */
  readonly since: number;
  readonly until: number;
}

/** @throws {UsageError} A value is wrong. @param nowSeconds Unix time that durations count back from. */
export function rangeOf(
  values: {
    readonly after: string | undefined;
    readonly since: string | undefined;
    readonly until: string | undefined;
  },
  nowSeconds: number,
): LetterRange {
  const { after, since, until } = values;
  return {
    after: after === undefined ? 0 : numberOf(after, "--after"),
    since: since === undefined ? -Infinity : momentOf(since, { option: "--since", nowSeconds }),
    until: until === undefined ? Infinity : momentOf(until, { option: "--until", nowSeconds }),
  };
}

/** Those in the range, in their order. */
export async function* within(
  letters: AsyncIterable<DeadLetterView>,
  { after, since, until }: LetterRange,
): AsyncGenerator<DeadLetterView> {
  for await (const letter of letters) {
    const { seq, received_at: at } = letter;
    if (seq > after && since <= at && at < until) yield letter;
  }
}

/** A whole number from 0 on. @throws {UsageError} It is none. */
export function numberOf(text: string, option: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot take "${text}" for ${option}: must be a whole number`);
}

/** `2h` ago, or a moment of the calendar with its zone. */
function momentOf(
  text: string,
  { option, nowSeconds }: { readonly option: string; readonly nowSeconds: number },
): number {
  const ago = parseDuration(text);
  if (ago !== undefined) return nowSeconds - secondsOf(ago);
  const isMoment = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(
    text,
  );
  const ms = isMoment ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms / 1000;
  throw new UsageError(
    `Cannot take "${text}" for ${option}: must be a duration before now such as 2h, a day such as 2026-01-31 ` +
      "(UTC), or a moment such as 2026-01-31T12:00:00Z",
  );
}
