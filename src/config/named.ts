import * as v from "valibot";
import { parseWithin, reportPlace } from "./within.ts";

export interface Named<Value> {
  readonly name: string;
  readonly value: Value;
}

/** Begins with a letter: an object of JavaScript would bring numbers forward in its order. */
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** Names that code would find on any object. */
const RESERVED: ReadonlySet<string> = new Set(["constructor", "prototype"]);

/** A schema of things by their names, in the order of the file; at least one unless said otherwise. */
export function namedSchema<Input, Output>(
  noun: string,
  value: v.GenericSchema<Input, Output>,
  { min, max }: { readonly min: number; readonly max: number } = { min: 1, max: Infinity },
): v.GenericSchema<Readonly<Record<string, Input>>, readonly Named<Output>[]> {
  type Things = Readonly<Record<string, Input>>;
  return v.pipe(
    v.custom<Things>(
      (input) => typeof input === "object" && input !== null && !Array.isArray(input),
      `must be an object of ${noun}s by their names`,
    ),
    v.rawTransform<Things, readonly Named<Output>[]>(({ dataset, addIssue }) => {
      const entries = Object.entries(dataset.value);
      if (entries.length < min) reportPlace(addIssue, [], `must have at least one ${noun}`);
      if (entries.length > max) reportPlace(addIssue, [], `must have at most ${max} ${noun}s`);
      return entries.flatMap(([name, input]) => {
        if (!NAME.test(name) || RESERVED.has(name)) {
          const wish =
            "must be letters, digits, _, - and ., begin with a letter and have at most 64 characters";
          reportPlace(
            addIssue,
            [name],
            RESERVED.has(name)
              ? `is reserved and cannot name a ${noun}`
              : `name of a ${noun} ${wish}`,
          );
        }
        const parsed = parseWithin(value, { input, path: [name], addIssue });
        return parsed === undefined ? [] : [{ name, value: parsed.output }];
      });
    }),
  );
}
