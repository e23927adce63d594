/** What JSON does not write as it is; a surrogate may be a lone one. */
const UNUSUAL = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A text as JSON: what `JSON.stringify` gives, in half the time where nothing has to be escaped. */
export function quoted(text: string): string {
  return UNUSUAL.test(text) ? JSON.stringify(text) : `"${text}"`;
}
