import { describe, expect, test } from "bun:test";
import type { ResultRow } from "../../src/core/result.ts";
import { Processor } from "../../src/pipeline/processor.ts";
import { PageMemory } from "../support/page-memory.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";

const T = 1_699_999_980; // a whole minute
const NAMES_A_WINDOW = 1_000;

const settings = settingsOf({
  source: scriptedSource([]).settings,
  sinks: [scriptedSink("main").settings],
  rules: [ruleOf({ seriesMax: 5 * NAMES_A_WINDOW })],
});

function processorOf(): Processor {
  return new Processor(settings, { seed: 3, nowMs: 0, onRefusal: () => {} });
}

/** One minute: 1,000 names that come in no other minute, and one that comes in each. */
function minute(processor: Processor, number: number): ResultRow[] {
  const timestamp = T + number * 60;
  const events = Array.from({ length: NAMES_A_WINDOW }, (_, i) => {
    const id = number * NAMES_A_WINDOW + i;
    return { name: `request-${id}`, value: id, timestamp };
  });
  events.push({ name: "steady", value: number, timestamp });
  processor.add(batchOf(events), { now: settings.time.maxTimestamp, nowMs: 0 });
  return processor.rows();
}

describe("Processor with names that come and go", () => {
  test.each([
    ["", Infinity],
    [", over restarts", 100],
  ])("keeps a bounded number of them, and every row is right%s", (_, restartEvery) => {
    const minutes = 300;
    const memory = new PageMemory();
    let processor = processorOf();
    const rows: ResultRow[] = [];
    let storedMax = 0;
    for (let number = 0; number < minutes; number++) {
      for (const row of minute(processor, number)) rows.push(row);
      if (number % 20 !== 19) continue;
      memory.apply(processor.changes());
      storedMax = Math.max(storedMax, namesIn(memory));
      if ((number + 1) % restartEvery !== 0) continue;
      processor = processorOf();
      processor.restore(memory.pages);
    }
    processor.engine.finish();
    for (const row of processor.rows()) rows.push(row);

    expect(storedMax).toBeLessThan(130_000);
    const { series } = processor.engine.rules[0]!.present.panes!;
    expect(series.size).toBeLessThanOrEqual(5 * NAMES_A_WINDOW);
    // One key for each name and function: 300,000 names would need 1.5 million.
    expect(series.offsets.length).toBeLessThan(1_200_000);

    expect(processor.engine.ledger).toMatchObject({ aggregated: 300_300, over_limit: 0 });
    expect(rows).toHaveLength(300_300);
    const wrong = rows.filter(({ name, value, window_start, count }) => {
      const number = (window_start - T) / 60;
      const wanted = name === "steady" ? number : Number(name.slice("request-".length));
      const isItsMinute = name === "steady" || Math.floor(wanted / NAMES_A_WINDOW) === number;
      return value !== wanted || !isItsMinute || count !== 1;
    });
    expect(wrong).toEqual([]);
  });
});

function namesIn(memory: PageMemory): number {
  let names = 0;
  for (const { key, bytes } of memory.pages) {
    if (!key.startsWith("names/")) continue;
    names += (JSON.parse(new TextDecoder().decode(bytes)) as string[]).length; // a page of texts
  }
  return names;
}
