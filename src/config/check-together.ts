import * as v from "valibot";
import { PANES_MAX } from "../core/limits.ts";
import { type DurationMicros, durationMicros, formatDuration } from "../core/time.ts";
import { type Fault, hintFor, NO_VALUE } from "./explain.ts";
import { ruleSchema, timeSchema } from "./schema.ts";

/**
 * Checks what spans several parts of the configuration, as far as these parts are right in themselves,
 * so that all is said at once.
 *
 * @param config With every reference to the environment replaced.
 */
export function checkTogether(config: Readonly<Record<string, unknown>>): Fault[] {
  const rules = Object.entries(objectAt(config, "rules") ?? {});
  return [
    ...rules.flatMap((rule) => checkTargets(rule, config)),
    ...checkTimes(config, rules),
    ...checkKey(objectAt(config, "state") ?? {}),
  ];
}

/** There is one key. */
function checkKey({ key, keyFile }: Readonly<Record<string, unknown>>): Fault[] {
  if (key === undefined || keyFile === undefined) return [];
  const message = "must not be given beside state.key";
  return [{ path: ["state", "keyFile"], message, value: NO_VALUE, expected: null }];
}

type Rule = readonly [name: string, rule: unknown];

/** A rule sends to sinks that are there, to each once. */
function checkTargets([name, rule]: Rule, config: Readonly<Record<string, unknown>>): Fault[] {
  const to = objectAt({ rule }, "rule")?.["to"];
  if (!Array.isArray(to)) return [];
  const known =
    config["sinks"] === undefined ? ["sqlite"] : Object.keys(objectAt(config, "sinks") ?? {});
  const targets: readonly unknown[] = to;
  return targets.flatMap((target, index) => {
    if (typeof target !== "string") return [];
    const at = { path: ["rules", name, "to", index], value: target, expected: null };
    if (!known.includes(target)) {
      const message = `must be one of the sinks ${known.join(", ")}${hintFor(target, known)}`;
      return [{ ...at, message }];
    }
    return targets.indexOf(target) < index ? [{ ...at, message: "is named twice" }] : [];
  });
}

/** The ring of a rule has a bound, and the range of times an inside. */
function checkTimes(config: Readonly<Record<string, unknown>>, rules: readonly Rule[]): Fault[] {
  const time = v.safeParse(timeSchema, config["time"] ?? {});
  if (!time.success) return [];
  const faults: Fault[] = [];
  const { minTimestamp, maxTimestamp, outOfOrderness } = time.output;
  if (minTimestamp >= maxTimestamp) {
    const message = "must be before maxTimestamp";
    faults.push({ path: ["time", "minTimestamp"], message, value: NO_VALUE, expected: null });
  }
  for (const [name, rule] of rules) {
    const parsed = v.safeParse(ruleSchema, rule);
    if (!parsed.success) continue;
    const { window, allowedLateness } = parsed.output;
    const held = allowedLateness + outOfOrderness;
    if (Math.ceil(held / window.size) + 2 <= PANES_MAX) continue;
    const least = formatDuration(roundedUp(held / (PANES_MAX - 2)));
    const message =
      `windows of ${formatDuration(window.size)} are too short: allowedLateness and time.outOfOrderness ` +
      `hold ${formatDuration(durationMicros(held))}, more than ${PANES_MAX} of them, ` +
      `must be at least ${least}`;
    faults.push({ path: ["rules", name, "window"], message, value: NO_VALUE, expected: null });
  }
  return faults;
}

function objectAt(
  holder: Readonly<Record<string, unknown>>,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  const value = holder[key];
  // Whatever is an object can be read by keys.
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** To a whole number of the unit that one would write. */
function roundedUp(micros: number): DurationMicros {
  const unit = [1_000_000, 1_000].find((size) => micros >= size) ?? 1;
  return durationMicros(Math.ceil(micros / unit) * unit);
}
