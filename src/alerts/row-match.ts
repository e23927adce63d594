import type { LabelGlobs } from "../core/alert-settings.ts";
import { anyGlobMatcher } from "../core/glob.ts";
import type { RuleMatch } from "../core/settings.ts";
import type { Labels } from "./instances.ts";

type Matches = (text: string) => boolean;

/** Whether labels are there, each with a value that one of its globs takes. */
export function labelMatcher(labels: LabelGlobs | undefined): (labels: Labels) => boolean {
  const wanted = [...(labels ?? [])].map(
    ([label, globs]) => [label, anyGlobMatcher(globs)] as const,
  );
  return (given) =>
    wanted.every(([label, matches]) => {
      const value = given[label];
      return value !== undefined && matches(value);
    });
}

/** Whether a series is one that is meant. */
export function seriesMatcher(
  match: RuleMatch | undefined,
): (series: { readonly name: string; readonly labels: Labels }) => boolean {
  const matchesName: Matches = match?.name === undefined ? () => true : anyGlobMatcher(match.name);
  const matchesLabels = labelMatcher(match?.labels);
  return ({ name, labels }) => matchesName(name) && matchesLabels(labels);
}

/**
 * What tells the instance of a series apart: rule, name and function, then the labels of its events. One of
 * these that is called like one of ours gets `label_` before its name.
 */
export function seriesLabels(
  series: { readonly name: string; readonly labels: Labels },
  own: Labels,
): Labels {
  const labels = Object.create(null) as Record<string, string>;
  Object.assign(labels, own, { name: series.name });
  for (const [label, value] of Object.entries(series.labels)) {
    labels[Object.hasOwn(labels, label) ? `label_${label}` : label] = value;
  }
  return labels;
}
