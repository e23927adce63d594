import * as v from "valibot";
import { REFUSAL_REASONS } from "../../core/event.ts";
import { count, text } from "../../http/fields.ts";

/** @param outcome What more is told of it. */
export function doneAnswer(action: string, outcome?: v.GenericSchema): v.GenericSchema {
  const done = v.literal(action);
  return outcome === undefined ? v.object({ done }) : v.object({ done, outcome });
}

export const reloadOutcome = v.pipe(
  v.object({ changes: v.pipe(v.array(v.string()), v.description("What changed, line by line.")) }),
  v.title("Reloaded"),
);

export const configErrors = v.pipe(
  v.object({
    error: text("All of them, one a line."),
    errors: v.array(
      v.object({
        path: text("Where: `rules.latency.window`. Empty: the file as a whole."),
        message: text("What is wrong, with the value, what is wanted and the nearest spelling."),
      }),
    ),
  }),
  v.title("ConfigErrors"),
);

export const replayOutcome = v.pipe(
  v.object({
    replayed: count("Letters that are none any more: received again, or on their way to the sink."),
    refused_again: count("Events among them that were refused again, and are dead letters anew."),
    left: v.pipe(
      v.array(
        v.object({
          reason: v.picklist(REFUSAL_REASONS),
          count: count("How many."),
          why: text("Why they stay."),
        }),
      ),
      v.description("Letters that stay what they are."),
    ),
  }),
  v.title("ReplayOutcome"),
);

export const purgeOutcome = v.pipe(
  v.object({ purged: count("Dead letters that are gone for good.") }),
  v.title("PurgeOutcome"),
);
