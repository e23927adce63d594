import { type EventColumns, type LabelPairs, MISSED, type Names } from "../core/columns.ts";
import { messageOf } from "../core/errors.ts";
import { anyGlobMatcher } from "../core/glob.ts";
import { labelsOf } from "../core/labels.ts";
import { takesObjectRoad } from "../core/object-road.ts";
import type { GroupBy, RuleEvent, RuleMatch, RuleSettings } from "../core/settings.ts";
import { GroupTable } from "./group-table.ts";
import { mappedEvent } from "./mapped-event.ts";
import type { Groups, RuleEvents } from "./rule-events.ts";

/** The group of an event that the rule does not take. */
export const NO_GROUP = -1;

/** What of a rule did not want an event. */
export type FilteredBy = "match" | "where" | "map";

/** What a rule makes of the columns before any window sees them. */
export interface Selection {
  /** What the groups of {@link RuleEvents} mean. */
  readonly groups: Groups;
  /** The groups that are this rule's own; undefined: they are the names of the columns. */
  readonly table: GroupTable | undefined;
  /** Whether it takes every event, as it stands in the columns. */
  readonly takesAll: boolean;
  /** Prepares the events [`from`, `to`), and marks those that the rule does not take. */
  select(columns: EventColumns, from: number, to: number): RuleEvents;
  /** Why the rule does not want an event that `select` marked as filtered: for who asks. */
  filteredBy(columns: EventColumns, i: number): FilteredBy | undefined;
  /** The names were numbered anew. */
  renumbered(): void;
}

export interface SelectionContext {
  readonly names: Names;
  /** What the function numbers of the columns mean. */
  readonly functions: readonly string[];
  /** Told when `where` or `map` threw. */
  readonly onFailure: (failure: { readonly index: number; readonly detail: string }) => void;
}

export function selectionOf(rule: RuleSettings, context: SelectionContext): Selection {
  if (takesObjectRoad(rule)) return new ObjectSelection(rule, context);
  const globs = rule.match?.name;
  return globs === undefined
    ? new EverySelection(context.names)
    : new NameSelection(globs, context.names);
}

const NO_LABELS: LabelPairs = [];

function nameGroups(names: Names): Groups {
  return { name: (group) => names.text(group), labels: () => NO_LABELS };
}

/** Every event, by its name: the columns as they are. */
class EverySelection implements Selection {
  readonly takesAll = true;
  readonly groups: Groups;
  readonly table = undefined;
  #marks = new Uint8Array(0);

  constructor(names: Names) {
    this.groups = nameGroups(names);
  }

  select({ capacity, name, fn, value, time }: EventColumns): RuleEvents {
    if (this.#marks.length < capacity) this.#marks = new Uint8Array(capacity);
    return { group: name, fn, value, time, marks: this.#marks };
  }

  filteredBy(): undefined {}

  renumbered(): void {}
}

const UNKNOWN = 0;
const WANTED = 1;
const UNWANTED = 2;

/** Events whose name matches a glob: each name is looked at once. */
class NameSelection implements Selection {
  readonly takesAll = false;
  readonly groups: Groups;
  readonly table = undefined;
  readonly #names: Names;
  readonly #matches: (name: string) => boolean;
  #verdicts = new Uint8Array(1024);
  #group = new Int32Array(0);
  #marks = new Uint8Array(0);

  constructor(globs: readonly string[], names: Names) {
    this.groups = nameGroups(names);
    this.#names = names;
    this.#matches = anyGlobMatcher(globs);
  }

  select({ capacity, name, fn, value, time }: EventColumns, from: number, to: number): RuleEvents {
    if (this.#marks.length < capacity) {
      this.#marks = new Uint8Array(capacity);
      this.#group = new Int32Array(capacity);
    }
    for (let i = from; i < to; i++) {
      const verdict = this.#verdicts[name[i]!] ?? UNKNOWN;
      if ((verdict === UNKNOWN ? this.#judge(name[i]!) : verdict) === WANTED) {
        this.#group[i] = name[i]!;
      } else {
        this.#group[i] = NO_GROUP;
        this.#marks[i] = MISSED.filtered;
      }
    }
    return { group: this.#group, fn, value, time, marks: this.#marks };
  }

  #judge(name: number): number {
    if (name >= this.#verdicts.length) {
      const verdicts = new Uint8Array(Math.max(name + 1, this.#verdicts.length * 2));
      verdicts.set(this.#verdicts);
      this.#verdicts = verdicts;
    }
    const verdict = this.#matches(this.#names.text(name)) ? WANTED : UNWANTED;
    this.#verdicts[name] = verdict;
    return verdict;
  }

  filteredBy(): FilteredBy {
    return "match";
  }

  renumbered(): void {
    this.#verdicts.fill(UNKNOWN);
  }
}

const BY_NAME: GroupBy = { name: true, labels: [] };

/** Events by their labels, or by what a function of the configuration says of them. */
class ObjectSelection implements Selection {
  readonly takesAll = false;
  readonly table = new GroupTable();
  readonly groups: Groups = this.table;
  readonly #rule: RuleSettings;
  readonly #context: SelectionContext;
  readonly #groupBy: GroupBy;
  readonly #matches: (event: RuleEvent) => boolean;
  #group = new Int32Array(0);
  #value = new Float64Array(0);
  #marks = new Uint8Array(0);

  constructor(rule: RuleSettings, context: SelectionContext) {
    this.#rule = rule;
    this.#context = context;
    this.#groupBy = rule.groupBy ?? BY_NAME;
    this.#matches = matcherOf(rule.match);
  }

  select(columns: EventColumns, from: number, to: number): RuleEvents {
    const { capacity, fn, time } = columns;
    if (this.#marks.length < capacity) {
      this.#marks = new Uint8Array(capacity);
      this.#group = new Int32Array(capacity);
      this.#value = new Float64Array(capacity);
    }
    for (let i = from; i < to; i++) this.#selectOne(columns, i);
    return { group: this.#group, fn, value: this.#value, time, marks: this.#marks };
  }

  #selectOne(columns: EventColumns, i: number): void {
    this.#group[i] = NO_GROUP;
    const event = this.#eventAt(columns, i);
    let wanted: RuleEvent | undefined;
    try {
      wanted = this.#mapped(event);
      if (wanted !== undefined) this.#group[i] = this.#groupOf(wanted);
    } catch (failure) {
      const { name, value, timestamp } = event;
      const what = `${name} = ${value} at ${timestamp}`;
      const detail = `rule ${this.#rule.name}: where or map threw for ${what}: ${messageOf(failure)}`;
      this.#context.onFailure({ index: i, detail });
      this.#marks[i] = MISSED.failed;
      return;
    }
    if (wanted === undefined) {
      this.#marks[i] = MISSED.filtered;
      return;
    }
    this.#value[i] = wanted.value;
  }

  #eventAt(columns: EventColumns, i: number): RuleEvent {
    return {
      name: this.#context.names.text(columns.name[i]!),
      value: columns.value[i]!,
      timestamp: columns.time[i]! / 1e6,
      agg_func: this.#context.functions[columns.fn[i]!]!,
      labels: labelsOf(columns.labels[i] ?? NO_LABELS),
    };
  }

  /** What is left of the event; undefined when the rule does not want it. */
  #mapped(event: RuleEvent): RuleEvent | undefined {
    const { where, map } = this.#rule;
    if (!this.#matches(event)) return undefined;
    if (where !== undefined && !where(event)) return undefined;
    if (map === undefined) return event;
    return mappedEvent(event, map(event));
  }

  filteredBy(columns: EventColumns, i: number): FilteredBy {
    const event = this.#eventAt(columns, i);
    const { where } = this.#rule;
    if (!this.#matches(event)) return "match";
    return where !== undefined && !where(event) ? "where" : "map";
  }

  #groupOf({ name, labels }: RuleEvent): number {
    const pairs: [string, string][] = [];
    for (const label of this.#groupBy.labels) {
      if (!Object.hasOwn(labels, label)) continue;
      const value = labels[label];
      if (value !== undefined) pairs.push([label, value]);
    }
    return this.table.intern(this.#groupBy.name ? name : "", pairs);
  }

  renumbered(): void {}
}

function matcherOf(match: RuleMatch | undefined): (event: RuleEvent) => boolean {
  const name = match?.name === undefined ? undefined : anyGlobMatcher(match.name);
  const labels = [...(match?.labels ?? [])].map(([label, globs]) => ({
    label,
    matches: anyGlobMatcher(globs),
  }));
  return (event) =>
    (name === undefined || name(event.name)) &&
    labels.every(({ label, matches }) => {
      const value = event.labels[label];
      return value !== undefined && matches(value);
    });
}
