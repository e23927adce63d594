import * as v from "valibot";
import { nearest } from "../core/nearest.ts";

/** A parameter that is a whole number in [min, max]. */
export function wholeNumber({ min = 1, max, about }: { min?: number; max: number; about: string }) {
  const wanted = `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, wanted),
    v.transform(Number),
    v.number(),
    v.integer(),
    v.minValue(min, wanted),
    v.maxValue(max, wanted),
    v.description(about),
  );
}

/** A parameter that is one of some words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
  about: string,
) {
  return v.pipe(
    v.picklist(words, ({ received }) => wrongWord(words, received)),
    v.description(about),
  );
}

/** A parameter that is a moment in Unix seconds. */
export function moment(about: string) {
  return v.pipe(
    v.string(),
    v.regex(/^-?\d{1,12}(?:\.\d{1,9})?$/, "must be a time in Unix seconds"),
    v.transform(Number),
    v.number(),
    v.minValue(-999_999_999_999.999_999_999),
    v.maxValue(999_999_999_999.999_999_999),
    v.description(about),
  );
}

/** What is wrong with a word that is none of `words`, with the nearest of them. */
export function wrongWord(words: readonly string[], received: string): string {
  const word = received.replace(/^"(.*)"$/s, "$1");
  const meant = nearest(word, words);
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  return `must be one of ${words.join(", ")}${hint}`;
}
