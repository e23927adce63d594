import type { RuleSettings } from "./settings.ts";

/**
 * Whether a rule has to look at labels, or at events as objects, and so takes the object road; the others read
 * columns alone: the fast road.
 */
export function takesObjectRoad({
  match,
  where,
  map,
  groupBy,
}: Pick<RuleSettings, "match" | "where" | "map" | "groupBy">): boolean {
  return (
    !isByName(groupBy) || match?.labels !== undefined || where !== undefined || map !== undefined
  );
}

/** Whether the series of a rule are told by name alone, as when nothing is said. */
export function isByName(groupBy: RuleSettings["groupBy"]): boolean {
  return groupBy === undefined || (groupBy.name && groupBy.labels.length === 0);
}
