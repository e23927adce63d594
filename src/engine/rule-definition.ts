import type { Aggregation } from "../core/aggregation.ts";
import type { FillSettings, GroupBy, RuleSettings } from "../core/settings.ts";
import type { DurationMicros } from "../core/time.ts";
import type { WindowRule } from "../core/window.ts";

/**
 * A rule as it is stored, so that its windows can go on when the configuration has changed it. What is
 * code is there as text: it can go on only while the configuration still holds the same.
 */
export interface RuleDefinition {
  readonly window: WindowRule;
  readonly allowedLateness: number;
  readonly kind: "event" | "named";
  /** Key, name, and the text of a function that the configuration defines. */
  readonly functions: readonly (readonly [key: string, name: string, source?: string])[];
  readonly match?: {
    readonly name?: readonly string[] | undefined;
    readonly labels?: readonly (readonly [string, readonly string[]])[] | undefined;
  };
  readonly where?: string;
  readonly map?: string;
  readonly groupBy?: GroupBy;
  readonly emit?: "final";
  readonly early?: number;
  readonly fill?: FillSettings;
  readonly from?: string;
}

export function definitionOf(rule: RuleSettings): RuleDefinition {
  const { window, allowedLateness, aggregate, match, where, map, groupBy } = rule;
  return {
    window,
    allowedLateness,
    kind: aggregate.kind,
    functions: aggregate.functions.map(({ key, aggregation }) => {
      const source = sourceOf(aggregation);
      return source === undefined ? [key, aggregation.name] : [key, aggregation.name, source];
    }),
    ...(match === undefined
      ? {}
      : { match: { name: match.name, labels: match.labels && [...match.labels] } }),
    ...(where === undefined ? {} : { where: where.toString() }),
    ...(map === undefined ? {} : { map: map.toString() }),
    ...(groupBy === undefined ? {} : { groupBy }),
    ...(rule.emit === undefined ? {} : { emit: rule.emit }),
    ...(rule.early === undefined ? {} : { early: rule.early }),
    ...(rule.fill === undefined ? {} : { fill: rule.fill }),
    ...(rule.from === undefined ? {} : { from: rule.from }),
  };
}

/** What a definition may be made of again. */
export interface RuleParts {
  /** The rule of this name as it is now: its code is used where it is the same. */
  readonly present: RuleSettings;
  readonly functionNamed: (name: string) => Aggregation | undefined;
}

/** The rule that a definition tells; undefined when it holds code that is there no more. */
export function ruleOfDefinition(
  definition: RuleDefinition,
  { present, functionNamed }: RuleParts,
): RuleSettings | undefined {
  const { where, map, match, early } = definition;
  if (where !== present.where?.toString() && where !== undefined) return undefined;
  if (map !== present.map?.toString() && map !== undefined) return undefined;
  const functions: { key: string; aggregation: Aggregation }[] = [];
  for (const [key, name, source] of definition.functions) {
    const own = present.aggregate.functions.find(
      ({ aggregation }) => aggregation.name === name && sourceOf(aggregation) === source,
    )?.aggregation;
    const aggregation = own ?? (source === undefined ? functionNamed(name) : undefined);
    if (aggregation === undefined) return undefined;
    functions.push({ key, aggregation });
  }
  return {
    name: present.name,
    to: present.to,
    seriesMax: present.seriesMax,
    window: definition.window,
    // Durations were stored as their number of microseconds.
    allowedLateness: definition.allowedLateness as DurationMicros,
    aggregate: { kind: definition.kind, functions },
    match:
      match === undefined
        ? undefined
        : {
            name: match.name,
            labels: match.labels === undefined ? undefined : new Map(match.labels),
          },
    where: where === undefined ? undefined : present.where,
    map: map === undefined ? undefined : present.map,
    groupBy: definition.groupBy,
    emit: definition.emit,
    early: early as DurationMicros | undefined,
    fill: definition.fill,
    from: definition.from,
  };
}

function sourceOf(aggregation: Aggregation): string | undefined {
  return aggregation.kind === "object" ? aggregation.source : undefined;
}
