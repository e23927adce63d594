import * as v from "valibot";
import { byEvent } from "../aggregations/list.ts";
import { messageOf } from "../core/errors.ts";
import { globMatcher } from "../core/glob.ts";
import { formatDuration } from "../core/time.ts";
import { type ConditionOutput, conditionSchema } from "./alert-condition.ts";
import { builtInNames } from "./alerts.ts";
import { optionOf, type RawRule } from "./check-rules.ts";
import { type Fault, hintFor, NO_VALUE } from "./explain.ts";
import type { Path } from "./path-text.ts";
import { windowStep } from "./window-length.ts";

type Section = Readonly<Record<string, unknown>>;

/** What alerts may name. */
export interface Namable {
  readonly rules: readonly RawRule[];
  readonly sinks: readonly string[];
  readonly notifiers: readonly string[];
  /** Functions that events may name besides those of the bus. */
  readonly functions: readonly string[];
}

/** Checks what alerts name: rules, functions, sinks and notifiers are there. */
export function checkAlerts(alerts: Section, namable: Namable): Fault[] {
  return Object.entries(alerts).flatMap(([name, alert]) => {
    if (typeof alert !== "object" || alert === null || Array.isArray(alert)) return [];
    const options = alert as Section; // an object can be read by keys
    const path = ["alerts", name];
    return [
      ...checkWhen(options["when"], { path, isBuiltIn: builtInNames.includes(name), namable }),
      ...checkNotify(options["notify"], path, namable.notifiers),
    ];
  });
}

function fault(path: Path, message: string, value: unknown = NO_VALUE): Fault {
  return { path, message, value, expected: null };
}

function checkNotify(notify: unknown, path: Path, notifiers: readonly string[]): Fault[] {
  if (!Array.isArray(notify)) return [];
  const names: readonly unknown[] = notify;
  return names.flatMap((name, index) => {
    if (typeof name !== "string") return [];
    const at = [...path, "notify", index];
    if (!notifiers.includes(name)) return [fault(at, wishOf("notifier", name, notifiers), name)];
    return names.indexOf(name) < index ? [fault(at, "is named twice", name)] : [];
  });
}

function wishOf(noun: string, name: string, known: readonly string[]): string {
  if (known.length === 0) return `must be a ${noun}, and none is configured`;
  return `must be one of the ${noun}s ${known.join(", ")}${hintFor(name, known)}`;
}

function checkWhen(
  when: unknown,
  {
    path,
    isBuiltIn,
    namable,
  }: { readonly path: Path; readonly isBuiltIn: boolean; readonly namable: Namable },
): Fault[] {
  const at = [...path, "when"];
  if (when === undefined) {
    if (isBuiltIn) return [];
    const name = String(path.at(-1));
    const hint = hintFor(name, builtInNames);
    return [
      fault(
        at,
        `is missing, must be a condition such as rowValue({ above: 90 })${hint && `; or ${hint.slice(2)}`}`,
      ),
    ];
  }
  const parsed = v.safeParse(conditionSchema, when);
  if (!parsed.success) return []; // said where it was read
  return checkCondition(parsed.output, at, namable);
}

function checkCondition(when: ConditionOutput, at: Path, namable: Namable): Fault[] {
  if (when.kind === "metric") return [];
  if (when.kind === "signal") {
    const globs = when.labels?.get("sink") ?? [];
    const { sinks } = namable;
    return globs
      .filter((glob) => !sinks.some((sink) => matches(glob, sink)))
      .map((glob) => fault([...at, "sink"], wishOf("sink", glob, sinks), glob));
  }
  if (when.rule === undefined) return [];
  const rule = namable.rules.find(({ name }) => name === when.rule);
  if (rule === undefined) {
    const names = namable.rules.map(({ name }) => name);
    return [fault([...at, "rule"], wishOf("rule", when.rule, names), when.rule)];
  }
  return when.kind === "absence"
    ? checkAfter(rule, when, at)
    : checkFunction(rule, when.func, { at, namable });
}

function matches(glob: string, text: string): boolean {
  try {
    return globMatcher(glob)(text);
  } catch (failure) {
    throw new Error(`Invariant broken: a glob was checked: ${messageOf(failure)}`);
  }
}

/** A series gives a row once a window at the most. */
function checkAfter(
  rule: RawRule,
  when: Extract<ConditionOutput, { kind: "absence" }>,
  at: Path,
): Fault[] {
  const window = optionOf(rule, "window");
  const step = window === undefined ? undefined : windowStep(window);
  if (step === undefined || when.after > step) return [];
  const message = `must be more than ${formatDuration(step)}, after which the next row of ${rule.name} is due`;
  return [fault([...at, "after"], message)];
}

function checkFunction(
  rule: RawRule,
  func: string | undefined,
  { at, namable }: { readonly at: Path; readonly namable: Namable },
): Fault[] {
  const known = func === undefined ? undefined : functionsOf(rule, namable);
  if (func === undefined || known === undefined || known.includes(func)) return [];
  const message = `must be one of the functions of ${rule.name}, ${known.join(", ")}${hintFor(func, known)}`;
  return [fault([...at, "function"], message, func)];
}

/** What the `agg_func` of its rows may be; undefined: it is not known, or wrong, which is said elsewhere. */
function functionsOf(rule: RawRule, { rules, functions }: Namable): string[] | undefined {
  let source: RawRule | undefined = rule;
  for (let depth = 0; source?.options["from"] !== undefined && depth < rules.length; depth++) {
    const from: unknown = source.options["from"];
    source = rules.find(({ name }) => name === from);
  }
  const aggregate = source === undefined ? undefined : optionOf(source, "aggregate");
  if (aggregate === undefined) return undefined;
  const keys = aggregate.functions.map(({ key }) => key);
  return aggregate.kind === "named"
    ? keys
    : [...byEvent.functions.map(({ key }) => key), ...functions];
}
