import * as v from "valibot";
import { busFunctions, byEvent, functionDefinitions } from "../aggregations/list.ts";
import type { Aggregation, FunctionDefinition } from "../core/aggregation.ts";
import { FUNCTIONS_MAX, HISTOGRAM_BOUNDS_MAX } from "../core/limits.ts";
import type { AggregateSettings, NamedAggregation } from "../core/settings.ts";
import { type CustomFunctionCall, customAggregation, customSchema } from "./custom-function.ts";
import { type DurationText, duration } from "./duration.ts";
import { hintFor, shown } from "./explain.ts";
import { ARGUMENT_NAMES, type EventFunctionCall, type FunctionCall } from "./function-calls.ts";
import { type Named, namedSchema } from "./named.ts";
import { type AddIssue, parseWithin, reportPlace } from "./within.ts";

/** A function that a configuration calls, or one of its own. */
export type FunctionInput = FunctionCall | CustomFunctionCall;

/** What a rule computes: as each event says, one function, or several with a name for each. */
export type AggregateInput =
  | EventFunctionCall
  | FunctionInput
  | Readonly<Record<string, FunctionInput>>;

const FUNCTION_NAMES = [...functionDefinitions.map(({ name }) => name), "customFunction"];

const FUNCTION_WISH = `must be a function, one of ${FUNCTION_NAMES.map((name) => `${name}()`).join(", ")}`;

/** A function before it is known how its rows name it; undefined: by itself. */
type Maker = (key: string | undefined) => NamedAggregation;

const functionSchema: v.GenericSchema<FunctionInput, Maker> = v.pipe(
  // Any value goes on: one place says what is wrong with it.
  v.custom<FunctionInput>(() => true),
  v.rawTransform<FunctionInput, Maker>(({ dataset, addIssue, NEVER }) => {
    const maker = makerOf(dataset.value, addIssue);
    if (typeof maker === "function") return maker;
    if (maker !== undefined) addIssue({ message: maker });
    return NEVER;
  }),
);

const namedFunctions = namedSchema("function", functionSchema, { min: 1, max: FUNCTIONS_MAX });

/** The functions of a rule. Those of the registry are yet to come where each event names its own. */
export const aggregateSchema: v.GenericSchema<AggregateInput, AggregateSettings> = v.pipe(
  v.custom<AggregateInput>(() => true),
  v.rawTransform<AggregateInput, AggregateSettings>(({ dataset, addIssue, NEVER }) => {
    const input: unknown = dataset.value;
    if (isCall(input) && input.kind === "event") return byEvent;
    if (typeof input !== "object" || input === null || isCall(input) || Array.isArray(input)) {
      const parsed = parseWithin(functionSchema, { input, path: [], addIssue });
      return parsed === undefined
        ? NEVER
        : { kind: "named", functions: [parsed.output(undefined)] };
    }
    const parsed = parseWithin(namedFunctions, { input, path: [], addIssue });
    return parsed === undefined ? NEVER : { kind: "named", functions: withKeys(parsed.output) };
  }),
);

/** Functions by the names that events may say, besides those of the bus. */
export const registrySchema: v.GenericSchema<
  Readonly<Record<string, FunctionInput>>,
  readonly NamedAggregation[]
> = v.pipe(
  namedSchema("function", functionSchema, { min: 0, max: FUNCTIONS_MAX }),
  v.rawTransform(({ dataset, addIssue }) => {
    for (const { name } of dataset.value) {
      if (!busFunctions.some((aggregation) => aggregation.name === name)) continue;
      reportPlace(addIssue, [name], "is what events say for a function of the bus already");
    }
    return withKeys(dataset.value);
  }),
);

function withKeys(makers: readonly Named<Maker>[]): NamedAggregation[] {
  return makers.map(({ name, value }) => value(name));
}

/** A call has a text for its kind; in a record of functions `kind` may be the name of one. */
function isCall(input: unknown): input is { readonly kind: string } {
  return (
    typeof input === "object" && input !== null && "kind" in input && typeof input.kind === "string"
  );
}

/** The function that a call names, or what is wrong, without the value; undefined: it was said. */
function makerOf(input: unknown, addIssue: AddIssue): Maker | string | undefined {
  if (typeof input === "function") return `must be called, as in ${shown(input)}()`;
  if (!isCall(input)) return `${FUNCTION_WISH}${hintFor(input, FUNCTION_NAMES)}`;
  const { kind, ...rest } = input;
  if (kind === "event") return "must stand alone: eventFunction() is no function of a name";
  if (kind === "custom") {
    const parts = parseWithin(customSchema, { input: rest, path: [], addIssue })?.output;
    if (parts === undefined) return undefined;
    return (key = "custom") => ({ key, aggregation: customAggregation(key, parts) });
  }
  const { name, ...argument } = rest as { readonly name?: unknown };
  const definition = functionDefinitions.find((one) => one.name === name);
  if (kind !== "function" || definition === undefined) return FUNCTION_WISH;
  const aggregation = aggregationOf(definition, argument, addIssue);
  if (aggregation === undefined) return undefined;
  return (key = aggregation.name) => ({ key, aggregation });
}

/** The function with its argument; undefined: that was wrong, and is said. */
function aggregationOf(
  definition: FunctionDefinition,
  input: object,
  addIssue: AddIssue,
): Aggregation | undefined {
  const at = { input, path: [], addIssue };
  switch (definition.parameter) {
    case undefined:
      return parseWithin(noArgument, at) && definition.make();
    case "fraction": {
      const parsed = parseWithin(fractionArgument, at);
      return parsed && definition.make(parsed.output[ARGUMENT_NAMES.fraction]!);
    }
    case "bounds": {
      const parsed = parseWithin(boundsArgument, at);
      return parsed && definition.make(parsed.output[ARGUMENT_NAMES.bounds]!);
    }
    case "duration": {
      const parsed = parseWithin(durationArgument, at);
      if (parsed === undefined) return undefined;
      const text = (input as Readonly<Record<string, unknown>>)[ARGUMENT_NAMES.duration];
      // It was read as one.
      return definition.make(parsed.output[ARGUMENT_NAMES.duration]!, text as DurationText);
    }
  }
}

const noArgument = v.strictObject({});

const fractionArgument = v.strictObject({
  [ARGUMENT_NAMES.fraction]: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
});

const boundsArgument = v.strictObject({
  [ARGUMENT_NAMES.bounds]: v.pipe(
    v.array(v.pipe(v.number(), v.finite())),
    v.minLength(1, "must have at least one bound"),
    v.maxLength(HISTOGRAM_BOUNDS_MAX, `must have at most ${HISTOGRAM_BOUNDS_MAX} bounds`),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      dataset.value.forEach((bound, index, bounds) => {
        if (index === 0 || bound > bounds[index - 1]!) return;
        reportPlace(
          addIssue,
          [index],
          `must be greater than the bound before it, ${bounds[index - 1]!}`,
        );
      });
    }),
  ),
});

const durationArgument = v.strictObject({ [ARGUMENT_NAMES.duration]: duration() });
