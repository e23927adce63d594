import type * as v from "valibot";
import type { AlertEntry } from "./alerts.ts";
import type { SinkInput } from "./component.ts";
import type { Configurable } from "./env.ts";
import type { NotifierInput } from "./notifiers.ts";
import type { ruleSchema } from "./rule-schema.ts";
import type { configSchema } from "./schema.ts";

type ConfigShape = v.InferInput<typeof configSchema>;
type RuleShape = v.InferInput<typeof ruleSchema>;

/** What a rule says of the events that it reads. */
type EventOptions = "aggregate" | "match" | "where" | "map" | "groupBy";

/** Options of any rule; `Sink` are the names that `to` may say. */
type CommonInput<Sink extends string> = Configurable<
  Omit<RuleShape, EventOptions | "from" | "to">
> & {
  /** The sinks that get the rows; all of them when left out. */
  readonly to?: readonly Sink[] | undefined;
};

/** A rule that reads events. */
type EventRuleInput = Configurable<Omit<Pick<RuleShape, EventOptions>, "aggregate">> & {
  readonly aggregate: Configurable<NonNullable<RuleShape["aggregate"]>>;
  readonly from?: undefined;
};

/** A rule that puts its windows together from those of another one, and takes over what that one says. */
type CascadeInput<Rule extends string> = { readonly [Key in EventOptions]?: undefined } & {
  readonly from: Rule;
};

/** A rule; `Sink` are the names that `to` may say, `Rule` those that `from` may. */
export type RuleInput<
  Sink extends string = string,
  Rule extends string = string,
> = CommonInput<Sink> & (EventRuleInput | CascadeInput<Rule>);

/**
 * A configuration; `Sink` are the names of its sinks, `Rule` those of its rules, `Notifier` those of its
 * notifiers, `Alert` those of its alerts.
 */
export type ConfigInput<
  Sink extends string = string,
  Rule extends string = string,
  Notifier extends string = string,
  Alert extends string = string,
> = Configurable<Omit<ConfigShape, "source" | "rules" | "sinks" | "alerts" | "notifiers">> & {
  readonly source?: ConfigShape["source"];
  readonly rules?: Readonly<Record<Rule, RuleInput<Sink, NoInfer<Rule>>>> | undefined;
  readonly sinks?: Readonly<Record<Sink, SinkInput>> | undefined;
  readonly notifiers?: Readonly<Record<Notifier, NotifierInput>> | undefined;
  readonly alerts?:
    | { readonly [Name in Alert]: AlertEntry<Name, NoInfer<Rule>, NoInfer<Notifier>> }
    | undefined;
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
  Rule extends string = string,
  Notifier extends string = string,
  Alert extends string = string,
>(
  config: ConfigInput<NoInfer<keyof Sinks & string>, Rule, Notifier, Alert> & {
    readonly sinks?: Sinks | undefined;
  },
): ConfigInput {
  // What is known of the names is for the editor alone.
  return config as ConfigInput;
}
