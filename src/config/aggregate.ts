import * as v from "valibot";
import { busFunctions, byEvent } from "../aggregations/list.ts";
import type { Aggregation } from "../core/aggregation.ts";
import type { AggregateSettings } from "../core/settings.ts";
import type { EventFunctionCall, FunctionCall } from "./calls.ts";
import { hintFor, shown } from "./explain.ts";
import { type Named, namedSchema } from "./named.ts";
import { parseWithin } from "./within.ts";

/** What a rule computes: as each event says, one function, or several with a name for each. */
export type AggregateInput =
  | EventFunctionCall
  | FunctionCall
  | Readonly<Record<string, FunctionCall>>;

const FUNCTION_NAMES = busFunctions.map(({ name }) => name);

const FUNCTION_WISH = `must be a function, one of ${FUNCTION_NAMES.map((name) => `${name}()`).join(", ")}`;

const functionSchema: v.GenericSchema<FunctionCall, Aggregation> = v.pipe(
  // Any value goes on: one place says what is wrong with it.
  v.custom<FunctionCall>(() => true),
  v.rawTransform<FunctionCall, Aggregation>(({ dataset, addIssue, NEVER }) => {
    const fault = functionOf(dataset.value);
    if (typeof fault !== "string") return fault;
    addIssue({ message: fault });
    return NEVER;
  }),
);

const namedFunctions = namedSchema("function", functionSchema);

/** The functions of a rule. */
export const aggregateSchema: v.GenericSchema<AggregateInput, AggregateSettings> = v.pipe(
  v.custom<AggregateInput>(() => true),
  v.rawTransform<AggregateInput, AggregateSettings>(({ dataset, addIssue, NEVER }) => {
    const input: unknown = dataset.value;
    if (isCall(input) && input.kind === "event") return byEvent;
    if (typeof input !== "object" || input === null || isCall(input) || Array.isArray(input)) {
      const parsed = parseWithin(functionSchema, { input, path: [], addIssue });
      if (parsed === undefined) return NEVER;
      return named([{ name: parsed.output.name, value: parsed.output }]);
    }
    const parsed = parseWithin(namedFunctions, { input, path: [], addIssue });
    return parsed === undefined ? NEVER : named(parsed.output);
  }),
);

function named(functions: readonly Named<Aggregation>[]): AggregateSettings {
  return {
    kind: "named",
    functions: functions.map(({ name, value }) => ({ key: name, aggregation: value })),
  };
}

/** A call has a text for its kind; in a record of functions `kind` may be the name of one. */
function isCall(input: unknown): input is { readonly kind: string } {
  return (
    typeof input === "object" && input !== null && "kind" in input && typeof input.kind === "string"
  );
}

/** The function that a call names, or what is wrong, without the value. */
function functionOf(input: unknown): Aggregation | string {
  if (typeof input === "function") return `must be called, as in ${shown(input)}()`;
  if (!isCall(input)) return `${FUNCTION_WISH}${hintFor(input, FUNCTION_NAMES)}`;
  if (input.kind === "event") return "must stand alone: eventFunction() is no function of a name";
  const name = "name" in input ? input.name : undefined;
  const found = busFunctions.find((aggregation) => aggregation.name === name);
  return input.kind === "function" && found !== undefined ? found : FUNCTION_WISH;
}
