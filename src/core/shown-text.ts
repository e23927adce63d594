/**
 * What a terminal takes for an order instead of a character, and what makes a text look like another one:
 * control characters (those of C1, too), overrides and isolates of the writing direction, characters
 * without a width, line separators, tags, and halves of surrogate pairs.
 */
const HARMFUL =
  /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}/gu;

/** Where a look is enough: nearly every text has none of it. */
const SUSPICIOUS = /[^\u0020-\u007e]/;

/**
 * The text as it may be shown on a terminal, on one line: what is harmful stands as `\u001b`. In a text that
 * is JSON it still means the same.
 *
 * @example
 * ```ts
 * shownLine("cpu\u001b[2J"); // => "cpu\\u001b[2J"
 * ```
 */
export function shownLine(text: string): string {
  return SUSPICIOUS.test(text) ? text.replace(HARMFUL, escaped) : text;
}

/** The same for a text of several lines: line feeds and tabs stay. */
export function shownText(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  return text.replace(HARMFUL, (found) => {
    return found === "\n" || found === "\t" ? found : escaped(found);
  });
}

function escaped(found: string): string {
  let units = "";
  for (let i = 0; i < found.length; i++) {
    units += `\\u${found.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return units;
}
