import { describe, expect, test } from "bun:test";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import type { History, HistoryQuery } from "../../src/core/history.ts";
import { HISTORY_READS_MAX } from "../../src/core/limits.ts";
import type { Settings, SinkSettings } from "../../src/core/settings.ts";
import { Histories } from "../../src/pipeline/histories.ts";
import { rejectionOf } from "../support/rejection.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const HISTORY: History = {
  points: [{ start: 0, end: 60, min: 1, max: 3, avg: 2, windows: 2 }],
  stepSeconds: 60,
  wholeFrom: -5,
};

const REQUEST = { rule: "per_minute", name: "cpu", agg_func: "sum", labels: "{}", pointsMax: 9 };

function readable(
  name: string,
  answer: () => Promise<History>,
): { settings: SinkSettings; asked: HistoryQuery[] } {
  const { settings } = scriptedSink(name);
  const asked: HistoryQuery[] = [];
  const history = async (_options: unknown, query: HistoryQuery): Promise<History> => {
    asked.push(query);
    return await answer();
  };
  return { settings: { ...settings, definition: { ...settings.definition, history } }, asked };
}

function make(sinks: readonly SinkSettings[], to = ["main", "rows"]) {
  const clock = new VirtualClock();
  const rules = [ruleOf({ to })];
  const settings: Settings = settingsOf({ source: scriptedSource([]).settings, sinks, rules });
  return { clock, histories: new Histories(() => settings, clock) };
}

describe("Histories", () => {
  test("reads from the first sink of the rule that can be read", async () => {
    const rows = readable("rows", async () => HISTORY);
    const { histories } = make([scriptedSink("main").settings, rows.settings]);
    expect(await histories.read({ ...REQUEST, from: 5, to: 70 })).toEqual({
      sink: "rows",
      step_seconds: 60,
      whole_from: -5,
      points: [{ window_start: 0, window_end: 60, min: 1, max: 3, avg: 2, windows: 2 }],
    });
    expect(rows.asked).toEqual([{ ...REQUEST, from: 5, to: 70, pipeline: "test" }]);
  });

  test("says so when there is none", async () => {
    const rows = readable("rows", async () => HISTORY);
    const { histories } = make([scriptedSink("main").settings, rows.settings], ["main"]);
    const failure = await rejectionOf(histories.read(REQUEST));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toBe(
      "Rows of rule per_minute go to scripted alone, where they cannot be read again: " +
        "a chart goes back as far as the memory",
    );
    // Of a rule that is gone any may hold something.
    expect(await histories.read({ ...REQUEST, rule: "gone" })).toMatchObject({ sink: "rows" });
  });

  test("answers again from memory for some seconds, but no failure", async () => {
    let fails = false;
    const rows = readable("rows", async () => {
      if (fails) throw new TransientError("away");
      return HISTORY;
    });
    const { histories, clock } = make([rows.settings]);
    const [one, other] = await Promise.all([histories.read(REQUEST), histories.read(REQUEST)]);
    expect(one).toBe(other);
    await histories.read({ ...REQUEST, name: "mem" });
    await histories.read(REQUEST);
    expect(rows.asked).toHaveLength(2);
    await clock.advance(10_000);
    fails = true;
    expect((await rejectionOf(histories.read(REQUEST))).message).toBe("away");
    fails = false;
    await histories.read(REQUEST);
    expect(rows.asked).toHaveLength(4);
  });

  test("reads a few at a time", async () => {
    const held = Promise.withResolvers<History>();
    const rows = readable("rows", () => held.promise);
    const { histories } = make([rows.settings]);
    const reading = Array.from({ length: HISTORY_READS_MAX }, (_, i) =>
      histories.read({ ...REQUEST, name: String(i) }),
    );
    const failure = await rejectionOf(histories.read(REQUEST));
    expect(failure).toBeInstanceOf(TransientError);
    expect(failure.message).toBe("Too many charts are being read, try again in a moment");
    held.resolve(HISTORY);
    await Promise.all(reading);
    expect(await histories.read(REQUEST)).toMatchObject({ sink: "rows" });
  });
});
