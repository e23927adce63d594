import { nearest } from "./nearest.ts";

/**
 * What is wanted of a word that is none of some others, with the nearest of them.
 *
 * @example
 * ```ts
 * mustBeOneOf(["run", "replay"], "replya"); // => "must be one of run, replay, did you mean replay?"
 * ```
 */
export function mustBeOneOf(words: readonly string[], word: string): string {
  const meant = nearest(word, words);
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  return `must be one of ${words.join(", ")}${hint}`;
}
