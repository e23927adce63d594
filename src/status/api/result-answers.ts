import * as v from "valibot";
import { count, mark, moment, text } from "../../http/fields.ts";

const series = {
  rule: text("The rule that made it."),
  name: text("Of the events."),
  labels: v.pipe(
    v.record(v.string(), v.string()),
    v.description("Of the events, where the rule keeps them."),
  ),
  agg_func: text("The function: `avg`, say."),
};

const resultRow = v.pipe(
  v.object({
    ...series,
    window_start: moment("The window is [start, end)."),
    window_end: moment("Exclusive."),
    value: v.pipe(
      v.nullable(v.number()),
      v.description("The result; null where it is beyond a double (`overflow`)."),
    ),
    count: count("Events in the window."),
    revision: count("0 on time, then 1, 2, … as late events correct it."),
    partial: mark("The window began before it could be seen."),
    filled: mark("No event came: the row fills a gap."),
    overflow: mark("The result is beyond a double."),
    withdrawn: mark("The window is no more: sinks delete the row."),
  }),
  v.title("Row"),
);

export const resultsAnswer = v.pipe(
  v.object({
    rows: v.pipe(v.array(resultRow), v.description("Oldest first; of a window the last revision.")),
    added: count("Rows that had fired by then: as long as it stays the same, so does the answer."),
  }),
  v.title("ResultPage"),
);

export const seriesAnswer = v.pipe(
  v.object({
    total: count("Series that have rows in memory."),
    matched: count("Those that were searched for."),
    series: v.pipe(
      v.array(v.pipe(v.object(series), v.title("Series"))),
      v.description("The first of these; those whose name begins with the first word come first."),
    ),
  }),
  v.title("SeriesPage"),
);

const valueOrNull = (about: string) => v.pipe(v.nullable(v.number()), v.description(about));

export const historyAnswer = v.pipe(
  v.object({
    sink: text("The sink that it was read from."),
    step_seconds: valueOrNull(
      "Windows that begin within so many seconds are one point; null: each is one of its own.",
    ),
    whole_from: moment("From then on it is whole: before it there were too many rows to look at."),
    points: v.pipe(
      v.array(
        v.pipe(
          v.object({
            window_start: moment("Of its first window."),
            window_end: moment("Of its last window."),
            min: valueOrNull("The least value; null where there is none."),
            max: valueOrNull("The greatest value."),
            avg: valueOrNull("The mean of the values, each counted once."),
            windows: count("How many there are in it."),
          }),
          v.title("HistoryPoint"),
        ),
      ),
      v.description("By time. Rows that are still on their way to the sink are not among them."),
    ),
  }),
  v.title("History"),
);
