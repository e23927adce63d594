import * as v from "valibot";
import type {
  AlertCondition,
  RowCondition,
  SignalName,
  Threshold,
} from "../core/alert-settings.ts";
import { OWN_METRICS } from "../core/own-metric-names.ts";
import { type DurationMicros, secondsOf } from "../core/time.ts";
import type { ConditionCall } from "./alert-calls.ts";
import { duration } from "./duration.ts";
import { hintFor, shown } from "./explain.ts";
import { matchSchema } from "./match.ts";
import { type AddIssue, parseWithin, reportPlace } from "./within.ts";

/** A condition that was read; how long a series may be silent, the rule may have to tell. */
export type ConditionOutput =
  | Exclude<AlertCondition, RowCondition>
  | (Omit<RowCondition, "staleAfter"> & {
      readonly staleAfter: DurationMicros | undefined;
    });

const number = v.pipe(v.number(), v.finite());
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const seconds = v.pipe(
  duration({ min: "0us" }),
  v.transform((length) => secondsOf(length)),
);
const over = v.optional(duration({ min: "1s", max: "7d" }));

function bounds(value: v.GenericSchema<unknown, number>) {
  return { above: v.optional(value), below: v.optional(value), until: v.optional(value) };
}

const sink = v.optional(matchSchema.pipe[0].entries.name);

/** What each kind takes. */
const OPTIONS = {
  rows: v.strictObject({
    rule: v.optional(v.string()),
    ...matchSchema.pipe[0].entries,
    function: v.optional(v.pipe(v.string(), v.nonEmpty())),
    field: v.optional(v.picklist(["value", "count"]), "value"),
    staleAfter: v.optional(duration()),
    ...bounds(number),
  }),
  absence: v.strictObject({
    rule: v.optional(v.string()),
    ...matchSchema.pipe[0].entries,
    after: duration({ min: "1s" }),
  }),
  metric: v.strictObject({
    metric: v.picklist(OWN_METRICS),
    labels: matchSchema.pipe[0].entries.labels,
    over,
    ...bounds(number),
  }),
  source_down: v.strictObject({}),
  sink_down: v.strictObject({ sink }),
  watermark_lag: v.strictObject(bounds(seconds)),
  late_share: v.strictObject({ over, ...bounds(share) }),
  outbox_rows: v.strictObject({ sink, ...bounds(number) }),
  outbox_fill: v.strictObject({ sink, ...bounds(share) }),
  outbox_age: v.strictObject({ sink, ...bounds(seconds) }),
  disk_free: v.strictObject(bounds(share)),
  events_lost: v.strictObject({ over, ...bounds(number) }),
  dead_letters: v.strictObject({ over, ...bounds(number) }),
  // These come with the program alone.
  unbalanced: v.strictObject({}),
  fenced: v.strictObject({}),
  failed: v.strictObject({}),
} as const satisfies Readonly<Record<SignalName | "rows" | "absence" | "metric", v.GenericSchema>>;

const HELPERS =
  "rowValue(), noRows(), ownMetric(), sourceDown(), sinkDown(), watermarkLag(), lateShare(), outboxRows(), " +
  "outboxFill(), outboxAge(), diskFree(), eventsLost(), deadLetters()";

const WISH = `must be a condition, one of ${HELPERS}`;

/** What an alert looks at, as the helpers make it. */
export const conditionSchema: v.GenericSchema<ConditionCall, ConditionOutput> = v.pipe(
  // Any value goes on: one place says what is wrong with it.
  v.custom<ConditionCall>(() => true),
  v.rawTransform<ConditionCall, ConditionOutput>(({ dataset, addIssue, NEVER }) => {
    const input: unknown = dataset.value;
    if (typeof input !== "object" || input === null || !("kind" in input)) {
      addIssue({ message: WISH });
      return NEVER;
    }
    const { kind, ...options } = input;
    if (typeof kind !== "string" || !Object.hasOwn(OPTIONS, kind)) {
      const hint = hintFor(kind, Object.keys(OPTIONS));
      reportPlace(addIssue, [], `kind ${shown(kind)} ${WISH}${hint}`);
      return NEVER;
    }
    const known = kind as keyof typeof OPTIONS; // just looked for
    // The output of each kind is looked into below by the names that its schema has.
    const schema = OPTIONS[known] as unknown as v.GenericSchema<unknown, Options>;
    const parsed = parseWithin(schema, { input: options, path: [], addIssue });
    return (parsed && conditionOf(known, parsed.output, addIssue)) ?? NEVER;
  }),
);

/** What any of them may say. */
interface Options {
  readonly rule?: string;
  readonly name?: readonly string[];
  readonly labels?: ReadonlyMap<string, readonly string[]>;
  readonly function?: string;
  readonly field?: "value" | "count";
  readonly staleAfter?: DurationMicros;
  readonly after?: DurationMicros;
  readonly metric?: string;
  readonly over?: DurationMicros;
  readonly sink?: readonly string[];
  readonly above?: number;
  readonly below?: number;
  readonly until?: number;
}

/** Without a bound: something is so, or it is not. */
const FLAG: Threshold = { side: "above", limit: 0, until: 0 };

/** What grows is looked at within this time unless it is said. */
const OVER: Readonly<Partial<Record<SignalName, DurationMicros>>> = {
  late_share: micros(5),
  events_lost: micros(15),
  dead_letters: micros(5),
};

function micros(minutes: number): DurationMicros {
  return (minutes * 60_000_000) as DurationMicros; // a whole number of microseconds
}

function conditionOf(
  kind: keyof typeof OPTIONS,
  options: Options,
  addIssue: AddIssue,
): ConditionOutput | undefined {
  const { rule, name, labels } = options;
  if (kind === "absence") {
    if (name === undefined) {
      reportPlace(addIssue, ["name"], "is missing, must be a glob or a list of globs");
      return undefined;
    }
    return { kind, rule, match: { name, labels }, after: options.after! }; // its schema wants it
  }
  const isFlag = !("above" in OPTIONS[kind].entries);
  const isSaid = options.above !== undefined || options.below !== undefined;
  const threshold =
    isFlag || (kind === "events_lost" && !isSaid) ? FLAG : thresholdOf(options, addIssue);
  if (threshold === undefined) return undefined;
  if (kind === "rows") {
    const { function: func, field = "value", staleAfter } = options;
    const match = name === undefined && labels === undefined ? undefined : { name, labels };
    return { kind, rule, match, func, field, threshold, staleAfter };
  }
  if (kind === "metric") {
    return { kind, metric: options.metric!, labels, over: options.over, threshold }; // as above
  }
  const ofSink = options.sink === undefined ? undefined : new Map([["sink", options.sink]]);
  const within = options.over ?? OVER[kind];
  return { kind: "signal", signal: kind, labels: ofSink, over: within, threshold };
}

function thresholdOf({ above, below, until }: Options, addIssue: AddIssue): Threshold | undefined {
  if ((above === undefined) === (below === undefined)) {
    const message =
      above === undefined ? "must have a bound, above or below" : "must not be given beside above";
    reportPlace(addIssue, above === undefined ? [] : ["below"], message);
    return undefined;
  }
  const side = above === undefined ? "below" : "above";
  const limit = above ?? below!; // one of the two
  if (until !== undefined && (side === "above" ? until > limit : until < limit)) {
    const wish = side === "above" ? "at most above" : "at least below";
    reportPlace(addIssue, ["until"], `must be ${wish}, where it begins to be out of order`);
    return undefined;
  }
  return { side, limit, until: until ?? limit };
}
