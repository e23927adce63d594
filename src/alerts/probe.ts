/**
 * A number that texts have in any order: two lists of other probes are not the same. Lists of the same one may
 * differ. Made without an object, for the many rows that are nothing to an alert.
 */
export function probeOf(texts: readonly string[]): number {
  let sum = 0;
  for (const text of texts) sum = (sum + hashOf(text)) | 0;
  return sum;
}

/** The same of a series: of its own texts, and of those that tell it apart besides. */
export function probeOfSeries(
  { name, labels }: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
  own: number,
): number {
  let sum = (own + hashOf(name)) | 0;
  for (const label in labels) sum = (sum + hashOf(labels[label]!)) | 0;
  return sum;
}

/** FNV-1a over the code units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
