/** What of a part is given: what says `undefined` was left out. */
export function withoutUndefined<Part extends object>(
  part: Part,
): { [Key in keyof Part]?: Exclude<Part[Key], undefined> } {
  const entries = Object.entries(part).filter(([, value]) => value !== undefined);
  // Of its own entries, whose type Object.fromEntries has lost.
  return Object.fromEntries(entries) as { [Key in keyof Part]?: Exclude<Part[Key], undefined> };
}
