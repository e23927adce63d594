import * as v from "valibot";
import { assert } from "../core/errors.ts";
import type { OptionSchema } from "../core/plugin.ts";
import type { SinkDefinition } from "../core/sink.ts";
import type { SourceDefinition } from "../core/source.ts";
import type { Configurable } from "./env.ts";
import { hintFor, NO_VALUE, shown } from "./explain.ts";
import { parseWithin } from "./within.ts";

declare const role: unique symbol;

/** A source as the file writes it: what `vabus({ … })` makes. The role is there for the editor alone. */
export interface SourceInput {
  readonly kind: string;
  readonly [role]?: "source";
}

/** A sink as the file writes it: what `postgres({ … })` makes. */
export interface SinkInput {
  readonly kind: string;
  readonly [role]?: "sink";
}

/** The options may be left out when none of them is needed. */
type Helper<Options, Result> =
  Record<never, never> extends Options
    ? (options?: Configurable<Options>) => Result
    : (options: Configurable<Options>) => Result;

/** Makes the function that names a source in a configuration: its options, with its kind as a tag. */
export function sourceHelper<Options, Input>(
  definition: SourceDefinition<Options, Input>,
): Helper<Input, SourceInput> {
  const helper = (options?: object): SourceInput => ({ ...options, kind: definition.name });
  // Whether the options may be left out, only the type of the definition knows.
  return helper as Helper<Input, SourceInput>;
}

/** Makes the function that names a sink in a configuration. */
export function sinkHelper<Options, Input>(
  definition: SinkDefinition<Options, Input>,
): Helper<Input, SinkInput> {
  const helper = (options?: object): SinkInput => ({ ...options, kind: definition.name });
  // As above.
  return helper as Helper<Input, SinkInput>;
}

/**
 * The function of a kind that is a source and a sink by one name: its options tell which of the two it can
 * be, and where it stands in the configuration tells which one it is.
 */
export interface SharedHelper<Source, Sink> {
  /** With options that both of them know it can stand in both places. */
  (options: Configurable<Pick<Source & Sink, keyof Source & keyof Sink>>): SourceInput & SinkInput;
  (options: Configurable<Source>): SourceInput;
  (options: Configurable<Sink>): SinkInput;
}

/** Makes the function that names either of two; they must have the same name. */
export function sharedHelper<SourceOptions, Source, SinkOptions, Sink>(
  source: SourceDefinition<SourceOptions, Source>,
  sink: SinkDefinition<SinkOptions, Sink>,
): SharedHelper<Source, Sink> {
  assert(source.name === sink.name, `${source.name} and ${sink.name} share a helper`);
  // The roles are there for the editor alone, as above.
  return ((options?: object) => ({ ...options, kind: source.name })) as SharedHelper<Source, Sink>;
}

/** What definitions of sources and sinks have in common for a configuration. */
export interface Definition {
  readonly name: string;
  readonly summary: string;
  readonly options: OptionSchema<unknown>;
  readonly example: Readonly<Record<string, unknown>>;
}

export interface Component<Kind extends Definition> {
  readonly definition: Kind;
  /** The output of the definition's own schema. */
  readonly options: unknown;
}

/** The schema of a definition: the core knows its shape alone, but all of them are valibot's. */
export function optionsSchema(definition: Definition): v.GenericSchema {
  return definition.options as unknown as v.GenericSchema;
}

/** A schema that finds the definition by the tag and has its own schema check the options. */
export function componentSchema<Input extends { readonly kind: string }, Kind extends Definition>(
  noun: "source" | "sink",
  definitions: readonly Kind[],
): v.GenericSchema<Input, Component<Kind>> {
  const kinds = definitions.map(({ name }) => name);
  const wish = `must be a ${noun}, one of ${kinds.map((kind) => `${kind}()`).join(", ")}`;
  return v.pipe(
    // Any value goes on: one place says what is wrong with it.
    v.custom<Input>(() => true),
    v.rawTransform<Input, Component<Kind>>(({ dataset, addIssue, NEVER }) => {
      const input: unknown = dataset.value;
      if (typeof input !== "object" || input === null || !("kind" in input)) {
        addIssue({ message: wish });
        return NEVER;
      }
      const { kind, ...options } = input;
      const definition = definitions.find(({ name }) => name === kind);
      if (definition === undefined) {
        const message = `kind ${shown(kind)} ${wish}${hintFor(kind, kinds)}`;
        addIssue({ message, input: NO_VALUE });
        return NEVER;
      }
      const schema = optionsSchema(definition);
      const parsed = parseWithin(schema, { input: options, path: [], addIssue });
      return parsed === undefined ? NEVER : { definition, options: parsed.output };
    }),
  );
}
