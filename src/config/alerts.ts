import * as v from "valibot";
import { type AlertSettings, SEVERITIES } from "../core/alert-settings.ts";
import { templateFault } from "../core/alert-template.ts";
import { LABELS_MAX } from "../core/limits.ts";
import type { RuleSettings } from "../core/settings.ts";
import { type DurationMicros, durationMicros } from "../core/time.ts";
import type { ConditionCall } from "./alert-calls.ts";
import { type ConditionOutput, conditionSchema } from "./alert-condition.ts";
import { BUILT_IN_ALERTS, type BuiltInAlert } from "./alert-defaults.ts";
import { duration } from "./duration.ts";
import type { Configurable } from "./env.ts";
import type { Named } from "./named.ts";
import { windowStep } from "./window-length.ts";
import { parseWithin } from "./within.ts";
import { withoutUndefined } from "./without-undefined.ts";

const TEXT_LENGTH_MAX = 1_000;

const template = v.pipe(
  v.string(),
  v.nonEmpty(),
  v.maxLength(TEXT_LENGTH_MAX),
  v.rawCheck(({ dataset, addIssue }) => {
    const fault = dataset.typed ? templateFault(dataset.value) : undefined;
    if (fault !== undefined) addIssue({ message: fault });
  }),
);

const texts = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be letters, digits and _, and begin with no digit"),
    ),
    v.pipe(v.string(), v.maxLength(TEXT_LENGTH_MAX)),
  ),
  v.check((labels) => Object.keys(labels).length <= LABELS_MAX, `must be at most ${LABELS_MAX}`),
);

/** One alert. Of one that comes with the program every part that is left out stays as it is. */
export const alertSchema = v.strictObject({
  when: v.pipe(
    v.optional(conditionSchema),
    v.metadata({ type: "condition" }),
    v.description(
      "What it looks at: `rowValue(…)`, `noRows(…)`, `ownMetric(…)`, `sourceDown()`, `sinkDown()`, " +
        "`watermarkLag(…)`, `lateShare(…)`, `outboxRows(…)`, `outboxFill(…)`, `outboxAge(…)`, `diskFree(…)`, " +
        "`eventsLost(…)` or `deadLetters(…)`. Required, but for those that come with the program.",
    ),
  ),
  for: v.pipe(
    v.optional(duration({ min: "0us", max: "30d" })),
    v.metadata({ type: "duration" }),
    v.description("How long it has to be so before it fires; at once when left out."),
  ),
  keepFiring: v.pipe(
    v.optional(duration({ min: "0us", max: "30d" })),
    v.metadata({ type: "duration" }),
    v.description("How long it fires on when all is well again; not at all when left out."),
  ),
  severity: v.pipe(
    v.optional(v.picklist(SEVERITIES)),
    v.description("How bad it is; `warning` when left out."),
  ),
  summary: v.pipe(
    v.optional(template),
    v.description(
      "A line for a person, with `{value}`, `{limit}`, `{labels.host}`, `{labels}`, `{alert}`, `{severity}` and " +
        "`{pipeline}` filled in. Made of the condition when left out.",
    ),
  ),
  description: v.pipe(
    v.optional(template),
    v.description("What it means and what to do; a template, too."),
  ),
  labels: v.pipe(
    v.optional(texts),
    v.metadata({ type: "texts by their names" }),
    v.description('Added to those of the series or sink: `{ team: "ops" }`.'),
  ),
  annotations: v.pipe(
    v.optional(texts),
    v.metadata({ type: "templates by their names" }),
    v.description('Passed on to notifiers: `{ runbook: "https://…" }`.'),
  ),
  notify: v.pipe(
    v.optional(v.array(v.string())),
    v.metadata({ type: "names of notifiers" }),
    v.description("Who is told; all of them when left out, nobody when empty."),
  ),
});

export type AlertOutput = v.InferOutput<typeof alertSchema>;
type AlertShape = v.InferInput<typeof alertSchema>;

/** An alert; `Rule` and `Notifier` are the names that it may say. */
export type AlertInput<
  Rule extends string = string,
  Notifier extends string = string,
> = Configurable<Omit<AlertShape, "when" | "notify">> & {
  readonly when: ConditionCall<Rule>;
  readonly notify?: readonly Notifier[] | undefined;
};

/** Of an alert that comes with the program any part may be said, and of any alert that it is off. */
export type AlertEntry<
  Name extends string,
  Rule extends string = string,
  Notifier extends string = string,
> =
  | "off"
  | (Name extends BuiltInAlert ? Partial<AlertInput<Rule, Notifier>> : AlertInput<Rule, Notifier>);

/** What stands below one name of `alerts`. */
export const alertEntrySchema: v.GenericSchema<"off" | AlertShape, "off" | AlertOutput> = v.pipe(
  // Any value goes on: one place says what is wrong with it.
  v.custom<"off" | AlertShape>(() => true),
  v.rawTransform<"off" | AlertShape, "off" | AlertOutput>(({ dataset, addIssue, NEVER }) => {
    const input: unknown = dataset.value;
    if (input === "off") return "off";
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      addIssue({ message: 'must be an alert such as { when: sinkDown() }, or "off"' });
      return NEVER;
    }
    return parseWithin(alertSchema, { input, path: [], addIssue })?.output ?? NEVER;
  }),
);

export const builtInNames: readonly string[] = Object.keys(BUILT_IN_ALERTS);

const NONE = durationMicros(0);

/** Windows of a rule without which a series is forgotten; of sessions nobody knows when the next one is. */
const STALE_STEPS = 3;
const STALE_SESSIONS: DurationMicros = durationMicros(86_400_000_000);

/** The alerts as everybody else reads them: those of the program first, then those of the file. */
export function alertsOf(
  given: readonly Named<"off" | AlertOutput>[],
  context: {
    readonly rules: readonly RuleSettings[];
    readonly notifiers: readonly string[];
  },
): AlertSettings[] {
  const own = new Map(given.map(({ name, value }) => [name, value]));
  const alerts: AlertSettings[] = [];
  for (const [name, input] of Object.entries(BUILT_IN_ALERTS)) {
    const tuned = own.get(name) ?? {};
    own.delete(name);
    if (tuned === "off") continue;
    // They are right: a test reads them all.
    const base = v.parse(alertSchema, input);
    alerts.push(
      alertOf(name, { ...base, ...withoutUndefined(tuned) }, { ...context, isBuiltIn: true }),
    );
  }
  for (const [name, output] of own) {
    if (output !== "off") alerts.push(alertOf(name, output, { ...context, isBuiltIn: false }));
  }
  return alerts;
}

function alertOf(
  name: string,
  output: Partial<AlertOutput>,
  context: {
    readonly rules: readonly RuleSettings[];
    readonly notifiers: readonly string[];
    readonly isBuiltIn: boolean;
  },
): AlertSettings {
  const { rules, notifiers, isBuiltIn } = context;
  const when = withStaleAfter(output.when!, rules); // whoever checked it saw that it is there
  return {
    name,
    when,
    for: output.for ?? NONE,
    keepFiring: output.keepFiring ?? NONE,
    severity: output.severity ?? "warning",
    summary: output.summary ?? summaryOf(when),
    description: output.description,
    labels: output.labels ?? {},
    annotations: output.annotations ?? {},
    notify: output.notify ?? notifiers,
    isBuiltIn,
  };
}

function withStaleAfter(
  when: ConditionOutput,
  rules: readonly RuleSettings[],
): AlertSettings["when"] {
  if (when.kind !== "rows") return when;
  if (when.staleAfter !== undefined) return { ...when, staleAfter: when.staleAfter };
  const steps = rules
    .filter(({ name }) => when.rule === undefined || when.rule === name)
    .map(({ window }) => {
      const step = windowStep(window);
      return step === undefined ? STALE_SESSIONS : STALE_STEPS * step;
    });
  return { ...when, staleAfter: durationMicros(Math.max(...steps)) };
}

function summaryOf(when: AlertSettings["when"]): string {
  if (when.kind === "absence") return "No row of {labels.name} for {value}";
  if (when.kind === "rows") return "{labels.function} of {labels.name} is {value}, beyond {limit}";
  return "{alert}: {value}, beyond {limit} {labels}";
}
