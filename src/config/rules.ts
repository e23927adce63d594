import { assert } from "../core/errors.ts";
import type {
  AggregateSettings,
  FillSettings,
  NamedAggregation,
  RuleSettings,
} from "../core/settings.ts";
import { durationMicros } from "../core/time.ts";
import type { Named } from "./named.ts";
import { FILL_WINDOWS_DEFAULT, type RuleOutput } from "./rule-schema.ts";
import { windowStep } from "./window-length.ts";

/**
 * The rules as everybody else reads them: a rule that reads another one takes over what that one says, and
 * stands behind it; otherwise the order is that of the file.
 */
export function rulesOf(
  rules: readonly Named<RuleOutput>[],
  context: {
    readonly sinks: readonly string[];
    /** What events may name besides the functions of the bus. */
    readonly registry: readonly NamedAggregation[];
  },
): RuleSettings[] {
  const outputs = new Map(rules.map(({ name, value }) => [name, value]));
  const settings = new Map<string, RuleSettings>();
  const add = (name: string): RuleSettings => {
    const known = settings.get(name);
    if (known !== undefined) return known;
    const output = outputs.get(name);
    assert(output !== undefined, `rule ${name} was checked and is not there`);
    const lower = output.from === undefined ? undefined : add(output.from);
    const rule = ruleOf({ name, output, lower, ...context });
    settings.set(name, rule);
    return rule;
  };
  for (const { name } of rules) add(name);
  return [...settings.values()];
}

function ruleOf(parts: {
  readonly name: string;
  readonly output: RuleOutput;
  readonly lower: RuleSettings | undefined;
  readonly sinks: readonly string[];
  readonly registry: readonly NamedAggregation[];
}): RuleSettings {
  const { name, output, lower, sinks, registry } = parts;
  const aggregate = lower?.aggregate ?? aggregateOf(output, registry);
  const { match, where, map, groupBy } = lower ?? output;
  return {
    name,
    window: output.window,
    allowedLateness: output.allowedLateness,
    aggregate,
    to: output.to ?? sinks,
    seriesMax: output.maxSeries,
    from: output.from,
    match,
    where,
    map,
    groupBy,
    emit: output.emit,
    early: output.early,
    fill: fillOf(output),
  };
}

function aggregateOf(
  { aggregate }: RuleOutput,
  registry: readonly NamedAggregation[],
): AggregateSettings {
  assert(aggregate !== undefined, "a rule without functions was checked");
  if (aggregate.kind === "named" || registry.length === 0) return aggregate;
  return { kind: "event", functions: [...aggregate.functions, ...registry] };
}

function fillOf({ fill, fillFor, window }: RuleOutput): FillSettings | undefined {
  if (fill === undefined) return undefined;
  const step = windowStep(window);
  assert(step !== undefined, "sessions that are filled were checked");
  return { with: fill, for: fillFor ?? durationMicros(step * FILL_WINDOWS_DEFAULT) };
}
