import type { Settings } from "../core/settings.ts";
import {
  type AcceptedEvent,
  checkEvent,
  type EventRules,
  type RefusedEvent,
} from "../decode/check-event.ts";
import { LineCheck } from "../decode/line-check.ts";

/** What the bus knows where no rule leaves the choice of the function to the event. */
const BUS_FUNCTIONS = ["sum", "avg", "min", "max", "count"];

/** What counts as an event under a configuration. */
export function eventRulesOf({
  rules,
  functions: known = BUS_FUNCTIONS,
  time,
}: Settings): EventRules {
  const functions = new Set(
    rules.flatMap(({ aggregate }) =>
      aggregate.kind === "event" ? aggregate.functions.map(({ key }) => key) : [],
    ),
  );
  return {
    functions: functions.size === 0 ? known : [...functions],
    unit: time.timestampUnit,
    timeMin: time.minTimestamp,
    timeMax: time.maxTimestamp,
  };
}

/** Checks a parsed event by the rules of a configuration, before it is stored. */
export function eventCheckOf(
  settings: Settings,
): (record: unknown) => AcceptedEvent | RefusedEvent {
  const rules = eventRulesOf(settings);
  return (record) => checkEvent(record, rules);
}

/** The same check for a whole publication: one record, or the lines that are surely events. */
export function eventChecksOf(settings: Settings): {
  readonly record: ReturnType<typeof eventCheckOf>;
  readonly lines: LineCheck;
} {
  return { record: eventCheckOf(settings), lines: new LineCheck(eventRulesOf(settings)) };
}
