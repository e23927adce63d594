import * as v from "valibot";
import { FILL_WINDOWS_MAX, SERIES_MAX_DEFAULT } from "../core/limits.ts";
import type { MappedEvent, RuleEvent } from "../core/settings.ts";
import { aggregateSchema } from "./aggregate.ts";
import { codeSchema } from "./code.ts";
import { duration } from "./duration.ts";
import { groupBySchema } from "./group-by.ts";
import { matchSchema } from "./match.ts";
import { windowSchema } from "./window.ts";

const SERIES_MAX = 100_000_000;

/** Windows filled for a series that is silent, unless the rule says otherwise. */
export const FILL_WINDOWS_DEFAULT = 10;

/** A rule of the configuration. What its options mean to each other is checked in `check-rules.ts`. */
export const ruleSchema = v.strictObject({
  window: v.pipe(
    windowSchema,
    v.metadata({ type: "window" }),
    v.description(
      "How time is cut: `tumbling(size, { offset })`, `hopping(size, { every, offset })`, `session(gap)` or " +
        "`calendar(unit, { zone, weekStart })`.",
    ),
  ),
  aggregate: v.pipe(
    v.optional(aggregateSchema),
    v.metadata({ type: "functions" }),
    v.description(
      "What is computed: `eventFunction()` (each event names its function), one function, or " +
        "several as `{ name: function }`; the name becomes the `agg_func` of the row. Required without `from`.",
    ),
  ),
  from: v.pipe(
    v.optional(v.string()),
    v.metadata({ type: "name of a rule" }),
    v.description(
      "Puts the windows of this rule together from those of another one, tumbling or calendar, which must " +
        "divide them. Its `aggregate`, `match`, `where`, `map` and `groupBy` hold here, too.",
    ),
  ),
  match: v.pipe(
    v.optional(matchSchema),
    v.description(
      "Which events are taken; all of them when left out. `*` stands for any characters, `?` for one, " +
        "`[a-z]` for one of these, `[!a-z]` for one of the others.",
    ),
  ),
  where: v.pipe(
    v.optional(codeSchema<(event: RuleEvent) => boolean>()),
    v.metadata({ type: "function" }),
    v.description("Takes the events for which `(event) => boolean` is true, after `match`."),
  ),
  map: v.pipe(
    v.optional(codeSchema<(event: RuleEvent) => MappedEvent>()),
    v.metadata({ type: "function" }),
    v.description(
      "Changes events after `where`: `(event) => ({ name, value, labels })`, what is left out stays. " +
        "Undefined: the event is not taken.",
    ),
  ),
  groupBy: v.pipe(
    v.optional(groupBySchema),
    v.metadata({ type: 'list of `"name"` and `"labels.…"`' }),
    v.description('What tells series apart; `["name"]` when left out.'),
  ),
  allowedLateness: v.pipe(
    v.optional(duration({ min: "0us" }), "0s"),
    v.metadata({ type: "duration" }),
    v.description("How long after its end a window still takes events; it then fires again."),
  ),
  emit: v.pipe(
    v.optional(v.picklist(["final"])),
    v.description(
      "Rows once, when nothing can come any more; otherwise at the end and when they change.",
    ),
  ),
  early: v.pipe(
    v.optional(duration({ min: "100ms" })),
    v.metadata({ type: "duration" }),
    v.description("Rows of windows that are not over, this often; never when left out."),
  ),
  fill: v.pipe(
    v.optional(v.picklist(["zero", "null", "previous"])),
    v.description(
      "Rows for windows in which a series had no events: their value. None when left out.",
    ),
  ),
  fillFor: v.pipe(
    v.optional(duration({ max: "36525d" })),
    v.metadata({ type: "duration" }),
    v.description(
      "How long after its last events a series is filled, " +
        `${FILL_WINDOWS_DEFAULT} windows when left out, ${FILL_WINDOWS_MAX} at most.`,
    ),
  ),
  to: v.pipe(
    v.optional(v.pipe(v.array(v.string()), v.nonEmpty())),
    v.metadata({ type: "names of sinks" }),
    v.description("The sinks that get the rows; all of them when left out."),
  ),
  maxSeries: v.pipe(
    v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(SERIES_MAX)),
      SERIES_MAX_DEFAULT,
    ),
    v.description("Series at a time; events of further ones are refused as `over_limit`."),
  ),
});

export type RuleOutput = v.InferOutput<typeof ruleSchema>;
