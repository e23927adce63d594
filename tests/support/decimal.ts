import type { TimestampUnit } from "../../src/core/time.ts";

/** The decimal places by which microseconds lie behind the unit. */
const PLACES: Readonly<Record<TimestampUnit, number>> = { s: 6, ms: 3, us: 0, ns: -3 };

/**
 * The microseconds of a timestamp as the rules define them: the digits of `String(x)`, shifted and cut
 * (towards minus infinity) in whole numbers.
 */
export function cutDecimal(x: number, unit: TimestampUnit): number {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(x))!;
  const digits = BigInt(`${whole}${fraction}`);
  const shift = Number(exponent) - fraction.length + PLACES[unit];
  const magnitude = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  const isCut = shift < 0 && digits % 10n ** BigInt(-shift) !== 0n;
  return Number(sign === "-" ? -(magnitude + (isCut ? 1n : 0n)) : magnitude);
}
