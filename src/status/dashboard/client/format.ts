import { language } from "./words.ts";

interface Formats {
  readonly whole: Intl.NumberFormat;
  readonly short: Intl.NumberFormat;
  readonly value: Intl.NumberFormat;
  readonly percent: Intl.NumberFormat;
  readonly clock: Intl.DateTimeFormat;
  readonly minute: Intl.DateTimeFormat;
  readonly moment: Intl.DateTimeFormat;
  readonly month: Intl.DateTimeFormat;
  readonly decimalMark: string;
}

const made = new Map<string, Formats>();

/** The language that was chosen, as it is written where the browser's owner lives. */
function localeOf(chosen: string): string {
  return navigator.languages.find((one) => one.toLowerCase().startsWith(chosen)) ?? chosen;
}

function formats(): Formats {
  const locale = localeOf(language());
  let known = made.get(locale);
  if (known === undefined) {
    const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    const exact = new Intl.NumberFormat(locale, { maximumSignificantDigits: 7 });
    known = {
      whole: new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }),
      // 66.5M: the small letters of some regions look like units.
      short: new Intl.NumberFormat(language(), {
        notation: "compact",
        maximumSignificantDigits: 3,
      }),
      value: exact,
      percent: new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }),
      clock: new Intl.DateTimeFormat(locale, { ...time, second: "2-digit" }),
      minute: new Intl.DateTimeFormat(locale, time),
      moment: new Intl.DateTimeFormat(locale, {
        ...time,
        day: "numeric",
        month: "short",
        second: "2-digit",
      }),
      month: new Intl.DateTimeFormat(locale, { month: "short", year: "numeric" }),
      decimalMark: exact.format(1.5).slice(1, 2),
    };
    made.set(locale, known);
  }
  return known;
}

/** 12,345 */
export const whole = (n: number): string => formats().whole.format(n);

/** 12,345 or 1.23M: fits a tile. */
export const short = (n: number): string =>
  Math.abs(n) < 100_000 ? formats().whole.format(n) : formats().short.format(n);

const tinyFormat = new Intl.NumberFormat("en", {
  notation: "compact",
  maximumSignificantDigits: 3,
});

/** 1,234 or 12.3K: fits a small box, in any language; with its decimal mark, and letters that are short in any. */
export function tiny(n: number, most = 10_000): string {
  return Math.abs(n) < most ? whole(n) : tinyFormat.format(n).replace(".", formats().decimalMark);
}

/** A rate: small ones with a fraction. */
export const rate = (n: number): string =>
  n > 0 && n < 10 ? formats().value.format(Math.round(n * 10) / 10) : short(Math.round(n));

/** A result, as exact as a person reads it. */
export function value(n: number | null): string {
  if (n === null) return "—";
  const size = Math.abs(n);
  if (size !== 0 && (size >= 1e15 || size < 1e-6)) return n.toExponential(4);
  return formats().value.format(n);
}

export const percent = (part: number): string => formats().percent.format(part);

/** 04:33:20 in the zone of whoever looks. */
export const clock = (seconds: number): string => formats().clock.format(seconds * 1000);

/** 04:33 */
export const minute = (seconds: number): string => formats().minute.format(seconds * 1000);

/** 25 Nov, 04:33:20 */
export const moment = (seconds: number): string => formats().moment.format(seconds * 1000);

/** Nov 2026 */
export const month = (seconds: number): string => formats().month.format(seconds * 1000);

/** The start of a window: as short as its length allows. */
export function windowStart(start: number, end: number): string {
  if (end - start >= 82_800)
    return formats()
      .moment.format(start * 1000)
      .replace(/[ ,]+\d\d:\d\d:\d\d.*$/, "");
  return start % 60 === 0 && end % 60 === 0 ? minute(start) : clock(start);
}

const UNITS: readonly (readonly [seconds: number, en: string, ru: string])[] = [
  [86_400, "d", "д"],
  [3_600, "h", "ч"],
  [60, "min", "мин"],
  [1, "s", "с"],
];

/** 5.1 s, 2 min 4 s, 3 h 20 min: two units at the most. */
export function duration(seconds: number): string {
  const isRussian = language() === "ru";
  const sign = seconds < 0 ? "−" : "";
  const size = Math.abs(seconds);
  if (size < 10)
    return `${sign}${formats().value.format(Math.round(size * 10) / 10)} ${isRussian ? "с" : "s"}`;
  let left = Math.round(size);
  const parts: string[] = [];
  for (const [unit, en, ru] of UNITS) {
    const count = Math.floor(left / unit);
    left -= count * unit;
    if (count > 0) parts.push(`${whole(count)} ${isRussian ? ru : en}`);
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return sign + parts.slice(0, 2).join(" ");
}

/** A time for machines: the attribute of `<time>`, and what a pointer shows. */
export const iso = (seconds: number): string => {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
};
