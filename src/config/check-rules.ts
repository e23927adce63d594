import * as v from "valibot";
import { FILL_WINDOWS_MAX, PANES_MAX } from "../core/limits.ts";
import { type DurationMicros, durationMicros, formatDuration } from "../core/time.ts";
import type { WindowRule } from "../core/window.ts";
import { windowText } from "../core/window-text.ts";
import { entriesOf, type Fault, hintFor, NO_VALUE, wishOfMissing } from "./explain.ts";
import { type RuleOutput, ruleSchema } from "./rule-schema.ts";
import { paneOf } from "./window.ts";
import { windowLength, windowStep } from "./window-length.ts";

/** A rule as the file has it: each option may be right or not. */
export interface RawRule {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What an option of a rule says; undefined when it is not right in itself, which is said elsewhere. */
export function optionOf<Key extends keyof RuleOutput>(
  { options }: RawRule,
  key: Key,
): RuleOutput[Key] | undefined {
  const result = v.safeParse(ruleSchema.entries[key], options[key]);
  // The entry of a key makes the output of that key.
  return result.success ? (result.output as RuleOutput[Key]) : undefined;
}

/** What a rule that reads another one takes over from it. */
const TAKEN_OVER = ["aggregate", "match", "where", "map", "groupBy"] as const;

/** Checks what the options of a rule mean to each other. */
export function checkRule(rule: RawRule, context: { readonly sinks: readonly string[] }): Fault[] {
  return [
    ...checkFunctions(rule),
    ...checkFill(rule),
    ...checkEarly(rule),
    ...checkTargets(rule, context.sinks),
  ];
}

function faultAt({ name }: RawRule, key: string, message: string): Fault {
  return { path: ["rules", name, key], message, value: NO_VALUE, expected: null };
}

/** Functions come with the rule or from the one that it reads. */
function checkFunctions(rule: RawRule): Fault[] {
  const { options } = rule;
  if (options["from"] === undefined) {
    if (options["aggregate"] !== undefined) return [];
    const wish = wishOfMissing(entriesOf(ruleSchema)!["aggregate"]);
    return [faultAt(rule, "aggregate", `is missing${wish}`)];
  }
  return TAKEN_OVER.filter((key) => options[key] !== undefined).map((key) =>
    faultAt(
      rule,
      key,
      "must not be given beside from: it is taken over from the rule that is read",
    ),
  );
}

function checkFill(rule: RawRule): Fault[] {
  const { options } = rule;
  if (options["fill"] === undefined) {
    if (options["fillFor"] === undefined) return [];
    return [faultAt(rule, "fillFor", "must be given beside fill alone")];
  }
  const window = optionOf(rule, "window");
  if (window === undefined) return [];
  const step = windowStep(window);
  if (step === undefined) {
    return [
      faultAt(rule, "fill", "must not be given for sessions: nothing is missing between them"),
    ];
  }
  const fillFor = optionOf(rule, "fillFor");
  if (fillFor === undefined) return [];
  const most = durationMicros(step * FILL_WINDOWS_MAX);
  if (fillFor > most) {
    const message = `must be at most ${formatDuration(most)}, ${FILL_WINDOWS_MAX} windows`;
    return [faultAt(rule, "fillFor", message)];
  }
  if (fillFor >= step) return [];
  return [faultAt(rule, "fillFor", `must be at least ${formatDuration(step)}, one window`)];
}

function checkEarly(rule: RawRule): Fault[] {
  const { options } = rule;
  if (options["early"] === undefined) return [];
  if (options["emit"] === "final") {
    return [faultAt(rule, "early", 'must not be given beside emit: "final"')];
  }
  const early = optionOf(rule, "early");
  const window = optionOf(rule, "window");
  const length = window === undefined ? undefined : windowLength(window)?.shortest;
  if (early === undefined || length === undefined || early < length) return [];
  return [faultAt(rule, "early", `must be less than the window, ${formatDuration(length)}`)];
}

/** A rule sends to sinks that are there, to each once. */
function checkTargets({ name, options }: RawRule, sinks: readonly string[]): Fault[] {
  const to: unknown = options["to"];
  if (!Array.isArray(to)) return [];
  const targets: readonly unknown[] = to;
  return targets.flatMap((target, index) => {
    if (typeof target !== "string") return [];
    const at = { path: ["rules", name, "to", index], value: target, expected: null };
    if (!sinks.includes(target)) {
      const message = `must be one of the sinks ${sinks.join(", ")}${hintFor(target, sinks)}`;
      return [{ ...at, message }];
    }
    return targets.indexOf(target) < index ? [{ ...at, message: "is named twice" }] : [];
  });
}

/** The panes that a rule holds at a time have a bound. */
export function checkPanes(rule: RawRule, outOfOrderness: DurationMicros): Fault[] {
  const window = optionOf(rule, "window");
  const allowedLateness = optionOf(rule, "allowedLateness");
  if (window === undefined || allowedLateness === undefined) return [];
  const panes = panesOf(window, allowedLateness + outOfOrderness);
  if (panes === undefined || panes.count + 2 <= PANES_MAX) return [];
  const { pane, held } = panes;
  const least = formatDuration(roundedUp(held / (PANES_MAX - 2)));
  const isHopping = window.kind === "hopping";
  const parts = isHopping
    ? `panes of ${formatDuration(pane)}, which ${windowText(window)} consists of,`
    : `windows of ${formatDuration(pane)}`;
  const message =
    `${parts} are too short: ${isHopping ? "the window, " : ""}allowedLateness and time.outOfOrderness hold ` +
    `${formatDuration(durationMicros(held))}, more than ${PANES_MAX} of them, must be at least ${least}`;
  return [faultAt(rule, "window", message)];
}

/** Undefined: so few that no bound is near, or none at all. */
function panesOf(
  window: WindowRule,
  heldBehind: number,
): { readonly pane: DurationMicros; readonly held: number; readonly count: number } | undefined {
  if (window.kind === "session" || window.kind === "calendar") return undefined;
  const pane = window.kind === "hopping" ? paneOf(window) : window.size;
  // Of a hopping window the oldest pane is there as long as the newest.
  const held = heldBehind + (window.kind === "hopping" ? window.size : 0);
  return { pane, held, count: Math.ceil(held / pane) };
}

/** To a whole number of the unit that one would write. */
function roundedUp(micros: number): DurationMicros {
  const unit = [1_000_000, 1_000].find((size) => micros >= size) ?? 1;
  return durationMicros(Math.ceil(micros / unit) * unit);
}
