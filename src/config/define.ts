import type * as v from "valibot";
import type { SinkInput } from "./component.ts";
import type { Configurable } from "./env.ts";
import type { configSchema, ruleSchema } from "./schema.ts";

type ConfigShape = v.InferInput<typeof configSchema>;
type RuleShape = v.InferInput<typeof ruleSchema>;

/** A rule; `Sink` are the names that `to` may say. */
export type RuleInput<Sink extends string = string> = Configurable<Omit<RuleShape, "to">> & {
  /** The sinks that get the rows; all of them when left out. */
  readonly to?: readonly Sink[] | undefined;
};

/** A configuration; `Sink` are the names of its sinks. */
export type ConfigInput<Sink extends string = string> = Configurable<
  Omit<ConfigShape, "source" | "rules" | "sinks">
> & {
  readonly source?: ConfigShape["source"];
  readonly rules?: Readonly<Record<string, RuleInput<Sink>>> | undefined;
  readonly sinks?: Readonly<Record<Sink, SinkInput>> | undefined;
};

/**
 * Gives a configuration its types, and so completion and checks in the editor; the default export of
 * `aggregator.config.ts`. Everything has a default. It checks nothing itself: that happens on loading.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   rules: { per_minute: { window: tumbling("60s"), aggregate: eventFunction(), to: ["lines"] } },
 *   sinks: { lines: stdout() },
 * });
 * ```
 */
export function defineConfig<
  const Sinks extends Readonly<Record<string, SinkInput>> = { sqlite: SinkInput },
>(
  config: ConfigInput<NoInfer<keyof Sinks & string>> & { readonly sinks?: Sinks | undefined },
): ConfigInput {
  return config;
}
