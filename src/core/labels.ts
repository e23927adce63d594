import type { LabelPairs } from "./columns.ts";

/** Labels as an object without a prototype, so that `__proto__` is a label like any other. */
export function labelsOf(pairs: LabelPairs): Readonly<Record<string, string>> {
  const labels = Object.create(null) as Record<string, string>;
  for (const [label, value] of pairs) labels[label] = value;
  return labels;
}
