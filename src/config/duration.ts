import * as v from "valibot";
import { nearest } from "../core/nearest.ts";
import { type DurationMicros, formatDuration, parseDuration } from "../core/time.ts";
import { hintFor } from "./explain.ts";

/** How a configuration writes a length of time: `500ms`, `60s`, `1.5h`, `30d`. */
export type DurationText = `${number}${"us" | "ms" | "s" | "m" | "h" | "d"}`;

const UNITS = "us, ms, s, m, h, d";

/** What people write for a unit, and what it is here. */
const UNIT_WORDS: Readonly<Record<string, string>> = {
  microseconds: "us",
  micros: "us",
  µs: "us",
  milliseconds: "ms",
  millis: "ms",
  msec: "ms",
  seconds: "s",
  sec: "s",
  minutes: "m",
  min: "m",
  hours: "h",
  hrs: "h",
  days: "d",
};

/** A year and a month: whoever wants longer windows means a calendar. */
export const DURATION_MAX: DurationMicros = parse("400d");

function parse(text: DurationText): DurationMicros {
  const micros = parseDuration(text);
  if (micros === undefined) throw new RangeError(`Cannot parse duration "${text}"`);
  return micros;
}

/** Both included. Without them: from a microsecond to {@link DURATION_MAX}. */
interface DurationBounds {
  readonly min?: DurationText;
  readonly max?: DurationText;
}

/** A schema of a duration between two bounds. */
export function duration(
  bounds: DurationBounds = {},
): v.GenericSchema<DurationText, DurationMicros> {
  const limits = limitsOf(bounds);
  return v.pipe(
    // Any value goes on: one place says what is wrong with it.
    v.custom<DurationText>(() => true),
    v.rawTransform<DurationText, DurationMicros>(({ dataset, addIssue, NEVER }) => {
      const fault = faultOf(dataset.value, limits);
      if (typeof fault === "number") return fault;
      addIssue({ message: fault });
      return NEVER;
    }),
  );
}

/** A schema of a duration that can be turned off. */
export function durationOrOff(
  bounds: DurationBounds = {},
): v.GenericSchema<DurationText | "off", DurationMicros | "off"> {
  const limits = limitsOf(bounds);
  return v.pipe(
    v.custom<DurationText | "off">(() => true),
    v.rawTransform<DurationText | "off", DurationMicros | "off">(({ dataset, addIssue, NEVER }) => {
      const fault = dataset.value === "off" ? "off" : faultOf(dataset.value, limits);
      if (typeof fault === "number" || fault === "off") return fault;
      addIssue({ message: orOff(fault, dataset.value) });
      return NEVER;
    }),
  );
}

function limitsOf({ min, max }: DurationBounds): { min: DurationMicros; max: DurationMicros } {
  return { min: parse(min ?? "1us"), max: max === undefined ? DURATION_MAX : parse(max) };
}

/** A hint stays last. */
function orOff(fault: string, value: unknown): string {
  const wish = fault.replace(/(?=, did you mean)|$/, ', or "off"');
  return wish.includes("did you mean") ? wish : wish + hintFor(value, ["off"]);
}

/** The duration itself, or what is wrong, without the value. */
function faultOf(
  value: unknown,
  { min, max }: { min: DurationMicros; max: DurationMicros },
): DurationMicros | string {
  if (typeof value === "number" && value >= 0) {
    return `must be a duration with its unit, such as "60s", did you mean "${value}s"?`;
  }
  if (typeof value !== "string") return 'must be a duration such as "60s"';
  const micros = parseDuration(value);
  if (micros === undefined) return misspelt(value, max);
  if (micros < min) return `must be at least ${formatDuration(min)}`;
  if (micros > max) return `must be at most ${formatDuration(max)}`;
  return micros;
}

function misspelt(text: string, max: DurationMicros): string {
  const match = /^\s*([+-]?)(\d+(?:[.,]\d+)?)\s*([^\d\s]*)\s*$/.exec(text);
  if (match === null) return `must be a duration such as "60s"`;
  const [, sign, digits, unit] = match;
  if (sign === "-") return "must not be negative";
  if (unit === "") return `unit must be one of ${UNITS}, did you mean "${digits}s"?`;
  if (UNITS.split(", ").includes(unit!)) {
    const rewritten = digits!.replace(",", ".") + unit!;
    if (parseDuration(rewritten) === undefined) {
      // Either it has digits behind its last microsecond, or more than a number can hold.
      return /[.,]/.test(digits!)
        ? "must be a whole number of microseconds"
        : `must be at most ${formatDuration(max)}`;
    }
    return `must be written as "${rewritten}"`;
  }
  const lower = unit!.toLowerCase();
  const word = nearest(lower, Object.keys(UNIT_WORDS)) ?? "";
  const meant = UNITS.split(", ").includes(lower) ? lower : UNIT_WORDS[word];
  const hint = meant === undefined ? "" : `, did you mean "${digits}${meant}"?`;
  return `unit must be one of ${UNITS}${hint}`;
}
