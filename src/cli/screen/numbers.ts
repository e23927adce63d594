/** A whole number as people write it: `1,234,567`. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** A number of any size in a few places: `12.5`, `1.2e+30`. */
export function valueText(value: number | null): string {
  if (value === null) return "—";
  if (value !== 0 && (Math.abs(value) >= 1e15 || Math.abs(value) < 1e-6)) {
    return value.toExponential(5).replace(/\.?0+e/, "e");
  }
  return String(Number(value.toPrecision(10)));
}

/** A rate: `0`, `2.50`, `1,234`. */
export function rateText(perSecond: number): string {
  return perSecond < 10 && perSecond > 0 ? perSecond.toFixed(2) : countText(perSecond);
}

/** A span of time in its two largest units: `0.4 s`, `3 min 4 s`, `2 d 5 h`. */
export function spanText(seconds: number): string {
  if (seconds < 0) return `-${spanText(-seconds)}`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return largestUnits(whole)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** The same of whole seconds, short: `0s`, `3m 4s`, `2d 5h`. */
export function shortSpanText(seconds: number): string {
  const units = largestUnits(Math.max(Math.floor(seconds), 0));
  if (units.length === 0) return "0s";
  return units.map(([count, unit]) => `${count}${unit === "min" ? "m" : unit}`).join(" ");
}

/** The two largest units of whole seconds; none of 0. */
function largestUnits(whole: number): (readonly [count: number, unit: string])[] {
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return first < 0 ? [] : parts.slice(first, first + 2).filter(([count]) => count > 0);
}

/** `2026-01-31 12:00:00 UTC`. @param seconds Unix time. */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
