import * as v from "valibot";
import { type EpochMicros, epochMicros } from "../core/time.ts";

/** Beyond it a time is no whole number of microseconds any more. Unix seconds, either side of 1970. */
const SECONDS_MAX = 8_500_000_000;

const WISH = 'must be unix seconds, or a time such as "2024-03-01T00:00:00Z"';

/** A schema of an instant: unix seconds, or ISO 8601 text with its zone; a day alone begins in UTC. */
export function instant(): v.GenericSchema<number | string, EpochMicros> {
  return v.pipe(
    // Any value goes on: one place says what is wrong with it.
    v.custom<number | string>(() => true),
    v.rawTransform<number | string, EpochMicros>(({ dataset, addIssue, NEVER }) => {
      const seconds = secondsFrom(dataset.value);
      if (typeof seconds === "string") {
        addIssue({ message: seconds });
        return NEVER;
      }
      return epochMicros(Math.round(seconds * 1e6));
    }),
  );
}

/** The unix seconds, or what is wrong, without the value. */
function secondsFrom(value: unknown): number | string {
  if (typeof value === "number") {
    return Math.abs(value) <= SECONDS_MAX ? value : `must be within ±${SECONDS_MAX} unix seconds`;
  }
  const text = typeof value === "string" ? value : "";
  const match = /^[+-]?\d{4,6}-\d\d-\d\d(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(
    text,
  );
  if (match === null) return WISH;
  if (match[1] !== undefined && match[2] === undefined)
    return "must end with its zone, such as Z or +03:00";
  const millis = Date.parse(text);
  if (Number.isNaN(millis)) return WISH;
  return Math.abs(millis / 1000) <= SECONDS_MAX ? millis / 1000 : `must be within the year 2239`;
}
