import type { RuleSettings } from "../core/settings.ts";
import { type DurationMicros, formatDuration } from "../core/time.ts";
import { windowText } from "../core/window-text.ts";
import { meaningsOf } from "../engine/meanings.ts";
import { definitionOf, type RuleDefinition } from "../engine/rule-definition.ts";

/** One thing that is said otherwise. */
export interface Difference {
  /** As the configuration calls it: `window`. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

export interface RuleChange {
  readonly rule: string;
  /**
   * `same`: nothing changes. `adjusted`: its windows hold the same, so that they go on; `changed`: they do
   * not: those held finish under the old meaning.
   */
  readonly kind: "same" | "added" | "removed" | "adjusted" | "changed";
  readonly differences: readonly Difference[];
}

/** A rule as it is compared. */
export interface ComparedRule {
  readonly name: string;
  readonly meaning: string;
  /** Undefined where it was not stored: before version 0.2. */
  readonly definition: RuleDefinition | undefined;
  /** Where its rows go and how many series it may hold; undefined: not known. */
  readonly beside: Pick<RuleSettings, "to" | "seriesMax"> | undefined;
}

/** The rules of a configuration, to be compared. */
export function comparedRules(rules: readonly RuleSettings[]): ComparedRule[] {
  const meanings = meaningsOf(rules);
  return rules.map((rule) => ({
    name: rule.name,
    meaning: meanings.get(rule.name)!, // of the same rules
    definition: definitionOf(rule),
    beside: rule,
  }));
}

/** What becomes of each rule, in the order of `after`; then those that are gone. */
export function ruleChanges(
  before: readonly ComparedRule[],
  after: readonly ComparedRule[],
): RuleChange[] {
  const changes = after.map((rule): RuleChange => {
    const old = before.find(({ name }) => name === rule.name);
    if (old === undefined) return { rule: rule.name, kind: "added", differences: [] };
    const differences = [
      ...differencesOf(textsOf(old.definition), textsOf(rule.definition)),
      ...differencesOf(besideTexts(old), besideTexts(rule)),
    ];
    if (old.meaning !== rule.meaning) {
      if (differences.length === 0) differences.push(lowerChanged(rule));
      return { rule: rule.name, kind: "changed", differences };
    }
    const kind = differences.length === 0 ? "same" : "adjusted";
    return { rule: rule.name, kind, differences };
  });
  const gone = before.filter(({ name }) => after.every((rule) => rule.name !== name));
  return [
    ...changes,
    ...gone.map(({ name }): RuleChange => ({ rule: name, kind: "removed", differences: [] })),
  ];
}

/** What differs lies in the rule that it reads, or was not stored. */
function lowerChanged({ definition }: ComparedRule): Difference {
  const from = definition?.from;
  return from === undefined
    ? { what: "meaning", before: "of an older version", after: "as configured" }
    : { what: "from", before: `${from} as it was`, after: `${from} as it is now` };
}

function differencesOf(before: Texts | undefined, after: Texts | undefined): Difference[] {
  if (before === undefined || after === undefined) return [];
  const differences: Difference[] = [];
  for (const [what, text] of Object.entries(after)) {
    const old = before[what] ?? NONE;
    if (old === text) continue;
    // Of code it is enough to know that it is another.
    const isCode = CODE.includes(what) && old !== NONE && text !== NONE;
    differences.push(
      isCode
        ? { what, before: "other code", after: "this code" }
        : { what, before: short(old, what), after: short(text, what) },
    );
  }
  return differences;
}

type Texts = Readonly<Record<string, string>>;

const NONE = "none";

/** What is a text of the program. */
const CODE: readonly string[] = ["where", "map", "custom functions"];

/** Bounds and globs may be many. */
const TEXT_LENGTH_MAX = 120;

function short(text: string, what: string): string {
  if (CODE.includes(what)) return text === NONE ? NONE : "code";
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text;
}

function textsOf(definition: RuleDefinition | undefined): Texts | undefined {
  if (definition === undefined) return undefined;
  const { window, allowedLateness, kind, functions, match, groupBy, early, fill } = definition;
  const named = functions.map(([key, name]) => (key === name ? name : `${key} = ${name}`));
  const custom = functions.flatMap(([, , source]) => (source === undefined ? [] : [source]));
  return {
    window: windowText(window),
    allowedLateness: durationText(allowedLateness),
    aggregate: `${kind === "event" ? "the event's own of " : ""}${named.join(", ")}`,
    "custom functions": textOf(custom.length === 0 ? undefined : custom),
    match: textOf(match && [match.name, match.labels?.toSorted()]),
    where: definition.where ?? NONE,
    map: definition.map ?? NONE,
    groupBy: groupText(groupBy),
    emit: definition.emit ?? NONE,
    early: early === undefined ? NONE : durationText(early),
    fill: fill === undefined ? NONE : `${fill.with} for ${durationText(fill.for)}`,
    from: definition.from ?? NONE,
  };
}

function besideTexts({ beside }: ComparedRule): Texts | undefined {
  if (beside === undefined) return undefined;
  return { to: beside.to.join(", "), maxSeries: String(beside.seriesMax) };
}

function groupText(groupBy: RuleDefinition["groupBy"]): string {
  const { name, labels } = groupBy ?? { name: true, labels: [] };
  const keys = [...(name ? ["name"] : []), ...labels.map((label) => `labels.${label}`)];
  return keys.length === 0 ? "nothing" : keys.join(", ");
}

function textOf(value: unknown): string {
  return value === undefined ? NONE : JSON.stringify(value);
}

/** A stored duration is its number of microseconds. */
function durationText(micros: number): string {
  return formatDuration(micros as DurationMicros);
}
