import * as v from "valibot";

type Field<Value> = v.GenericSchema<Value>;

/** How many: a whole number, never below 0. */
export function count(about: string): Field<number> {
  return v.pipe(v.number(), v.integer(), v.minValue(0), v.description(about));
}

/** A finite number. */
export function number(about: string): Field<number> {
  return v.pipe(v.number(), v.description(about));
}

/** A moment in Unix seconds, with a fraction. */
export function moment(about: string): Field<number> {
  return v.pipe(v.number(), v.description(`${about} Unix seconds.`));
}

export function text(about: string): Field<string> {
  return v.pipe(v.string(), v.description(about));
}

export function flag(about: string): Field<boolean> {
  return v.pipe(v.boolean(), v.description(about));
}

/** There, and true; or left out. */
export function mark(about: string): v.ExactOptionalSchema<Field<true>, undefined> {
  return v.exactOptional(v.pipe(v.literal(true), v.description(about)));
}

/** Something to go on with, or null. */
export function next(about: string): Field<string | null> {
  return v.pipe(v.nullable(v.string()), v.description(about));
}

export const errorAnswer = v.pipe(
  v.object({ error: text("What is wrong, with the value and what is wanted. No full stop.") }),
  v.title("Error"),
);
