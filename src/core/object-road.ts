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
  const byName = groupBy === undefined || (groupBy.name && groupBy.labels.length === 0);
  return !byName || match?.labels !== undefined || where !== undefined || map !== undefined;
}
