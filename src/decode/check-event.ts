import type { RefusalReason } from "../core/event.ts";
import { describe, textFault } from "../core/event-text.ts";
import { LABELS_MAX } from "../core/limits.ts";
import {
  type EpochMicros,
  epochMicros,
  microsOfTimestamp,
  secondsOf,
  type TimestampUnit,
} from "../core/time.ts";

/** What counts as an event, where the configuration has a say. */
export interface EventRules {
  /** Names of the functions that an event may ask for; the first is meant where it names none. */
  readonly functions: readonly string[];
  readonly unit: TimestampUnit;
  readonly timeMin: EpochMicros;
  readonly timeMax: EpochMicros;
}

export interface AcceptedEvent {
  readonly ok: true;
  readonly name: string;
  readonly value: number;
  readonly time: EpochMicros;
  /** Index in `EventRules.functions`. */
  readonly fn: number;
  readonly id: string | undefined;
  readonly labels: readonly (readonly [string, string])[];
}

export interface RefusedEvent {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** What is wrong, with the value and what is wanted. No full stop. */
  readonly detail: string;
}

/**
 * Checks what `JSON.parse` made of a line against the rules of an event. The first thing that is wrong
 * is reported, in the order name, value, timestamp, agg_func, id, labels. Unknown fields are ignored.
 */
export function checkEvent(parsed: unknown, rules: EventRules): AcceptedEvent | RefusedEvent {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return refused("invalid_json", `event is ${describe(parsed)}, not an object`);
  }
  // JSON.parse makes own properties only, `__proto__` included; a prototype has none of our fields.
  const { name, value, timestamp, agg_func, id, labels } = parsed as Record<string, unknown>;

  const nameFault = textFault(name);
  if (nameFault !== undefined) return refused("invalid_name", `name ${nameFault}`);
  if (typeof value !== "number" || !Number.isFinite(value)) {
    return refused("invalid_value", `value is ${describe(value)}, not a finite number`);
  }
  const time = checkTimestamp(timestamp, rules);
  if (typeof time !== "number") return time;
  const fn = agg_func === undefined || agg_func === null ? 0 : functionIndex(agg_func, rules);
  if (fn < 0) {
    const known = rules.functions.join(", ");
    return refused("unknown_function", `agg_func is ${describe(agg_func)}, not one of ${known}`);
  }
  // JSON.parse has rounded it: ids that differ would be one, and events be lost as duplicates.
  if (Number.isInteger(id) && !Number.isSafeInteger(id)) {
    const detail = "is beyond 2^53, where a number loses digits: send it as a string";
    return refused("invalid_id", `id ${describe(id)} ${detail}`);
  }
  const idText = typeof id === "number" && Number.isFinite(id) ? String(id) : (id ?? undefined);
  const idFault = idText === undefined ? undefined : textFault(idText);
  if (idFault !== undefined) return refused("invalid_id", `id ${idFault}`);
  const labelPairs = checkLabels(labels);
  if (typeof labelPairs === "string") return refused("invalid_label", labelPairs);
  return {
    ok: true,
    name: name as string, // textFault found it to be one
    value,
    time,
    fn,
    id: idText as string | undefined, // likewise
    labels: labelPairs,
  };
}

function checkTimestamp(timestamp: unknown, rules: EventRules): EpochMicros | RefusedEvent {
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp)) {
    const got = describe(timestamp);
    return refused("invalid_timestamp", `timestamp is ${got}, not a finite number`);
  }
  const time = microsWithin(timestamp, rules.unit, rules);
  if (time !== undefined) return time;
  const like = unitThatFits(timestamp, rules);
  const hint = like === undefined ? "" : `; it looks like ${UNIT_NAMES[like]}`;
  const bounds = `${secondsOf(rules.timeMin)} to ${secondsOf(rules.timeMax)} s`;
  return refused(
    "invalid_timestamp",
    `timestamp ${timestamp} in ${UNIT_NAMES[rules.unit]} is outside ${bounds}${hint}`,
  );
}

const UNIT_NAMES: Readonly<Record<TimestampUnit, string>> = {
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
};

const UNIT_PER_SECOND: Readonly<Record<TimestampUnit, number>> = {
  s: 1,
  ms: 1e3,
  us: 1e6,
  ns: 1e9,
};

/** The instant of a timestamp, or undefined when it is outside the bounds of the rules. */
export function microsWithin(
  timestamp: number,
  unit: TimestampUnit,
  bounds: { readonly timeMin: EpochMicros; readonly timeMax: EpochMicros },
): EpochMicros | undefined {
  // Far outside, whole microseconds are no longer whole: look before converting.
  if (Math.abs(timestamp / UNIT_PER_SECOND[unit]) > 8.5e9) return undefined;
  const time = microsOfTimestamp(timestamp, unit);
  return time >= bounds.timeMin && time <= bounds.timeMax ? time : undefined;
}

/** Any number is a time near 1970 in some unit: only times that clocks show, 1980 to 2100, are a hint. */
const LIKELY = {
  timeMin: epochMicros(315_532_800_000_000),
  timeMax: epochMicros(4_102_444_800_000_000),
};

function unitThatFits(timestamp: number, rules: EventRules): TimestampUnit | undefined {
  const units: readonly TimestampUnit[] = ["s", "ms", "us", "ns"];
  const bounds = {
    timeMin: epochMicros(Math.max(LIKELY.timeMin, rules.timeMin)),
    timeMax: epochMicros(Math.min(LIKELY.timeMax, rules.timeMax)),
  };
  return units.find(
    (unit) => unit !== rules.unit && microsWithin(timestamp, unit, bounds) !== undefined,
  );
}

function functionIndex(name: unknown, rules: EventRules): number {
  return typeof name === "string" ? rules.functions.indexOf(name) : -1;
}

function checkLabels(labels: unknown): readonly (readonly [string, string])[] | string {
  if (labels === undefined || labels === null) return [];
  if (typeof labels !== "object" || Array.isArray(labels)) {
    return `labels is ${describe(labels)}, not an object`;
  }
  const pairs = Object.entries(labels);
  if (pairs.length > LABELS_MAX)
    return `labels has ${pairs.length} entries, more than ${LABELS_MAX}`;
  for (const [key, value] of pairs) {
    const keyFault = textFault(key);
    if (keyFault !== undefined) return `label name ${keyFault}`;
    const valueFault = value === "" ? undefined : textFault(value);
    if (valueFault !== undefined) return `label ${describe(key)} ${valueFault}`;
  }
  return pairs;
}

function refused(reason: RefusalReason, detail: string): RefusedEvent {
  return { ok: false, reason, detail };
}
