/** One place of a glob: a character, or what may stand for one. */
type Token =
  | { readonly kind: "one"; readonly code: number }
  | { readonly kind: "any" }
  | { readonly kind: "many" }
  | {
      readonly kind: "class";
      readonly negated: boolean;
      /** Code points, both ends included. */
      readonly ranges: readonly (readonly [first: number, last: number])[];
    };

/**
 * Reads a glob: `*` stands for any characters (none, too), `?` for one, `[abc]` and `[a-z]` for one of these,
 * `[!abc]` for one of the others; a backslash takes the meaning of what follows it. The whole text has to
 * match, upper and lower case are two. A character is a code point of Unicode.
 *
 * Never slower than the length of the glob times that of the text, whatever they are.
 *
 * @throws {SyntaxError} The glob is none; the message says what is wanted, without the glob.
 *
 * @example
 * ```ts
 * globMatcher("http.*.[0-9]")("http.requests.5"); // => true
 * ```
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const tokens = tokensOf(glob);
  const literal = literalOf(tokens);
  if (literal !== undefined) return (text) => text === literal;
  if (tokens.every(({ kind }) => kind === "many")) return () => true;
  return (text) => matches(tokens, text);
}

/** Whether a text matches one of some globs. @throws {SyntaxError} As {@link globMatcher}. */
export function anyGlobMatcher(globs: readonly string[]): (text: string) => boolean {
  const matchers = globs.map(globMatcher);
  return (text) => matchers.some((takes) => takes(text));
}

/**
 * Of several `*` only the last one met is ever tried again: what the earlier ones took as little as they
 * could leaves the most to the later.
 */
function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  /** Where the text goes on behind what the last `*` takes. */
  let resume = 0;
  while (at < text.length) {
    const code = text.codePointAt(at)!;
    const current = tokens[token];
    if (current?.kind === "many") {
      star = token++;
      resume = at;
    } else if (current !== undefined && stands(current, code)) {
      token++;
      at += width(code);
    } else if (star >= 0) {
      resume += width(text.codePointAt(resume)!);
      at = resume;
      token = star + 1;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === "many") token++;
  return token === tokens.length;
}

function stands(token: Token, code: number): boolean {
  if (token.kind === "one") return token.code === code;
  if (token.kind !== "class") return true;
  return token.ranges.some(([first, last]) => first <= code && code <= last) !== token.negated;
}

/** UTF-16 units of a code point. */
function width(code: number): number {
  return code > 0xffff ? 2 : 1;
}

function tokensOf(glob: string): Token[] {
  const characters = Array.from(glob);
  const tokens: Token[] = [];
  let at = 0;
  while (at < characters.length) {
    const character = characters[at]!;
    if (character === "[") {
      const { token, next } = classAt(characters, at);
      tokens.push(token);
      at = next;
      continue;
    }
    at++;
    if (character === "*") {
      // Two in a row say no more than one.
      if (tokens.at(-1)?.kind !== "many") tokens.push({ kind: "many" });
    } else if (character === "?") {
      tokens.push({ kind: "any" });
    } else if (character === "\\") {
      tokens.push({ kind: "one", code: escapedAt(characters, at) });
      at++;
    } else {
      tokens.push({ kind: "one", code: character.codePointAt(0)! });
    }
  }
  return tokens;
}

/** The class that begins with the `[` at a place. As in a shell, a `]` that comes first is one of its members. */
function classAt(characters: readonly string[], start: number): { token: Token; next: number } {
  let at = start + 1;
  const negated = characters[at] === "!";
  if (negated) at++;
  if (characters[at] === "^")
    throw new SyntaxError("must say [!…] for what is not in a class, not [^…]");
  const first = at;
  const ranges: [number, number][] = [];
  const memberAt = (): number => {
    const character = characters[at++];
    if (character === undefined) throw new SyntaxError("must close its [ with a ]");
    return character === "\\" ? escapedAt(characters, at++) : character.codePointAt(0)!;
  };
  while (characters[at] !== "]" || at === first) {
    const from = memberAt();
    let to = from;
    // A dash at the end is one of the members.
    if (characters[at] === "-" && characters[at + 1] !== "]") {
      at++;
      to = memberAt();
    }
    if (to < from) {
      const range = `${String.fromCodePoint(from)}-${String.fromCodePoint(to)}`;
      throw new SyntaxError(`must have its ranges upwards, and ${range} is not`);
    }
    ranges.push([from, to]);
  }
  return { token: { kind: "class", negated, ranges }, next: at + 1 };
}

function escapedAt(characters: readonly string[], at: number): number {
  const character = characters[at];
  if (character === undefined) throw new SyntaxError("must not end with a backslash");
  return character.codePointAt(0)!;
}

/** The one text that matches; undefined: there are others. */
function literalOf(tokens: readonly Token[]): string | undefined {
  let text = "";
  for (const token of tokens) {
    if (token.kind !== "one") return undefined;
    text += String.fromCodePoint(token.code);
  }
  return text;
}
