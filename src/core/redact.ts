const MASK = "***";

/**
 * Takes secrets out of a text that is about to be shown: each one as it is, as it stands in a URL and
 * as it stands in JSON, the password of a secret that is a URL, and the password of any URL at all.
 *
 * Everything that leaves the program for a person goes through here: logs, errors, `/status`.
 *
 * @param secrets Values that must never be shown. Empty ones count for nothing.
 *
 * @example
 * ```ts
 * redact("no route to kafka://me:s3cret@broker", []); // => "no route to kafka://me:***@broker"
 * ```
 */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = new Set(secrets.flatMap(formsOf));
  let shown = text;
  if (forms.size > 0) {
    // The longest first, so that a secret that contains another goes whole; one pass, so that the mask
    // itself is never looked at.
    const longestFirst = [...forms].sort((a, b) => b.length - a.length);
    shown = text.replace(new RegExp(longestFirst.map(escapeForRegExp).join("|"), "g"), MASK);
  }
  // A password may hold an unescaped `@`: the last one before the host ends it.
  return shown.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/?#]*):[^\s/]+@/gi, `$1:${MASK}@`);
}

/** All the ways in which a secret may turn up. */
function formsOf(secret: string): string[] {
  if (secret === "") return [];
  const values = [secret];
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^:@/?#]*:([^/]+)@/i.exec(secret)?.[1];
  if (password !== undefined) values.push(password, decodeLeniently(password));
  return values.flatMap((value) => {
    const encoded = encodeLeniently(value);
    const lowerCase = encoded.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
    return [
      value,
      encoded,
      lowerCase,
      encoded.replaceAll("%20", "+"),
      JSON.stringify(value).slice(1, -1),
    ];
  });
}

/** A lone surrogate has no URL-encoded form. */
function encodeLeniently(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

/** A password with a bare `%` was never encoded. */
function decodeLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
