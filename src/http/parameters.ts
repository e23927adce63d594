import * as v from "valibot";
import { mustBeOneOf } from "../core/must-be-one-of.ts";

/** A parameter: a text of the URL, and what it means. */
type Parameter<Value> = v.GenericSchema<string, Value>;

/** A parameter that is a whole number in [min, max]. */
export function wholeNumber({
  min = 1,
  max,
  about,
}: {
  readonly min?: number;
  readonly max: number;
  readonly about: string;
}): Parameter<number> {
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

/** As JSON writes it. */
const DECIMAL = /^-?\d{1,15}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?$/;

/** A parameter that is a number in [min, max]. @param options.wanted What it must be, for the error. */
export function decimal({
  min,
  max,
  wanted,
  about,
}: {
  readonly min: number;
  readonly max: number;
  readonly wanted: string;
  readonly about: string;
}): Parameter<number> {
  return v.pipe(
    v.string(),
    v.regex(DECIMAL, wanted),
    v.transform(Number),
    v.number(wanted),
    v.minValue(min, wanted),
    v.maxValue(max, wanted),
    v.description(about),
  );
}

/** A parameter that is one of some words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
  about: string,
): Parameter<Words[number]> {
  return v.pipe(
    v.picklist(words, ({ received }) => wrongWord(words, received)),
    v.description(about),
  ) as Parameter<Words[number]>; // a picklist takes any text, and gives one of its words
}

/** The last second that a time may name: some thirty thousand years from now, either way. */
const SECONDS_MAX = 999_999_999_999;

/** A parameter that is a moment in Unix seconds. */
export function moment(about: string): Parameter<number> {
  const wanted = "must be a time in Unix seconds";
  return decimal({ min: -SECONDS_MAX, max: SECONDS_MAX, wanted, about });
}

/** What is wrong with a word that is none of `words`, with the nearest of them. */
export function wrongWord(words: readonly string[], received: string): string {
  return mustBeOneOf(words, received.replace(/^"(.*)"$/s, "$1"));
}
