/**
 * Time as numbers that cannot be mixed up. Both are whole numbers of microseconds below 2^53, so
 * that additions are exact; an instant counts from 1970-01-01T00:00:00Z.
 */

declare const instant: unique symbol;
declare const duration: unique symbol;

/** An instant: whole microseconds since 1970-01-01T00:00:00Z; negative before it. May be ±Infinity. */
export type EpochMicros = number & { readonly [instant]: true };

/** A length of time: whole microseconds. */
export type DurationMicros = number & { readonly [duration]: true };

/** What the `timestamp` of an event counts. */
export type TimestampUnit = "s" | "ms" | "us" | "ns";

/** Marks a number as an instant. The one place where a bare number becomes one. */
export function epochMicros(micros: number): EpochMicros {
  return micros as EpochMicros;
}

/** Marks a number as a duration. The one place where a bare number becomes one. */
export function durationMicros(micros: number): DurationMicros {
  return micros as DurationMicros;
}

const MICROS_PER_UNIT: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/**
 * Reads a duration such as `500ms`, `60s`, `1.5h` or `30d`; undefined when it is none, or no whole
 * number of microseconds below 2^53.
 */
export function parseDuration(text: string): DurationMicros | undefined {
  const match = /^(\d{1,16})(?:\.(\d{1,16}))?(us|ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  const [, whole, fraction = "", unit] = match;
  // In whole numbers: 1.005 * 1_000_000 is 1004999.9999999999 in doubles.
  const scaled = BigInt(whole! + fraction) * BigInt(MICROS_PER_UNIT[unit!]!);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) return undefined;
  const micros = Number(scaled / divisor);
  return Number.isSafeInteger(micros) ? durationMicros(micros) : undefined;
}

/** Writes a duration the way {@link parseDuration} reads it, in the largest unit that divides it. */
export function formatDuration(micros: DurationMicros): string {
  if (micros === 0) return "0s";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const size = MICROS_PER_UNIT[unit]!;
    if (micros >= size && micros % size === 0) return `${micros / size}${unit}`;
  }
  return `${micros}us`;
}

/** Unix seconds of an instant, correctly rounded: the form in which times leave the program. */
export function secondsOf(micros: EpochMicros | DurationMicros): number {
  return micros / 1_000_000;
}

/** Milliseconds of a duration, for timers. */
export function millisOf(micros: DurationMicros): number {
  return micros / 1_000;
}

/**
 * The microseconds of a timestamp, taken from the decimal digits of the double as `String(x)` writes
 * them; what follows the last whole microsecond is cut, towards minus infinity.
 *
 * The digits are never written out. Let `k` be the nearest whole microsecond. If `k` microseconds,
 * written as a decimal, are read back as `x`, then `k` is the shortest decimal of `x` (within the
 * bounds of `limits.ts` whole microseconds are farther apart than doubles, so there is but one). If
 * not, no whole microsecond lies within the rounding interval of `x`, hence the shortest decimal and
 * `x` itself lie between the same two microseconds, and cutting `x` is right. Nanoseconds beyond 2^62
 * (the year 2116) are 1024 apart: there alone the digits are needed.
 *
 * @param timestamp Finite, and within ±8.5e9 seconds in its unit.
 */
export function microsOfTimestamp(timestamp: number, unit: TimestampUnit): EpochMicros {
  if (unit === "ns" && Math.abs(timestamp) >= 2 ** 62) return microsOfDigits(timestamp);
  const nearest = Math.round(scaleUp(timestamp, unit));
  if (scaleDown(nearest, unit) === timestamp) return (nearest + 0) as EpochMicros;
  // `nearest` is off by at most one: rounding went up, or the product was rounded across a whole number.
  let micros = nearest;
  while (scaleDown(micros, unit) > timestamp) micros--;
  while (scaleDown(micros + 1, unit) <= timestamp) micros++;
  return micros as EpochMicros;
}

function scaleUp(timestamp: number, unit: TimestampUnit): number {
  if (unit === "s") return timestamp * 1e6;
  if (unit === "ms") return timestamp * 1e3;
  return unit === "us" ? timestamp : timestamp / 1e3;
}

function scaleDown(micros: number, unit: TimestampUnit): number {
  if (unit === "s") return micros / 1e6;
  if (unit === "ms") return micros / 1e3;
  return unit === "us" ? micros : micros * 1e3;
}

/** Nanoseconds without a fraction, below 10^21: `String` writes out all their digits. */
function microsOfDigits(nanoseconds: number): EpochMicros {
  const digits = BigInt(String(nanoseconds));
  const cut = digits / 1000n;
  const below = digits < 0n && digits % 1000n !== 0n ? 1n : 0n;
  return epochMicros(Number(cut - below));
}
