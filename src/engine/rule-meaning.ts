import { isByName } from "../core/object-road.ts";
import type { RuleMatch, RuleSettings } from "../core/settings.ts";

/**
 * All that decides what the windows of a rule hold, as text: while it stays the same, so does the state.
 * Where its rows go, and how many series it may hold, is no part of it.
 *
 * @param lower The meaning of the rule that this one reads.
 */
export function meaningOf(rule: RuleSettings, lower: string | undefined): string {
  const { window, allowedLateness, aggregate, match, where, map, groupBy } = rule;
  const functions = aggregate.functions.map(({ key, aggregation }) => [
    key,
    aggregation.name,
    aggregation.kind === "cells" ? aggregation.cells : (aggregation.source ?? "object"),
  ]);
  const base: unknown[] = [window, allowedLateness, aggregate.kind, functions];
  const more = {
    match: match === undefined ? undefined : matchOf(match),
    where: where?.toString(),
    map: map?.toString(),
    groupBy: isByName(groupBy) ? undefined : groupBy,
    from: lower,
    emit: rule.emit,
    early: rule.early,
    fill: rule.fill,
  };
  const isPlain = Object.values(more).every((value) => value === undefined);
  return JSON.stringify(isPlain ? base : [...base, more]);
}

function matchOf({ name, labels }: RuleMatch): unknown {
  return {
    name,
    labels: labels === undefined ? undefined : [...labels].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}
