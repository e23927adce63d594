/** What JSON does not write as it is: quote, backslash, control characters; a surrogate may be a lone one. */
const UNUSUAL = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/** A text as JSON: what `JSON.stringify` gives, in half the time where nothing has to be escaped. */
export function quoted(text: string): string {
  return UNUSUAL.test(text) ? JSON.stringify(text) : `"${text}"`;
}
