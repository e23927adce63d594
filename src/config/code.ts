import * as v from "valibot";

/** A schema of a function that the configuration brings along. */
export function codeSchema<Code extends (...args: never) => unknown>(): v.GenericSchema<Code> {
  return v.pipe(
    v.custom<Code>((input) => typeof input === "function", "must be a function"),
    v.check(
      // Its promise would count as true, as an event, as a state.
      (code) => !/^Async|Generator/.test(code.constructor.name),
      "must be a plain function, neither async nor a generator",
    ),
  );
}
