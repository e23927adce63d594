import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Refusal } from "../../src/core/event.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import { type LineWatcher, Processor } from "../../src/pipeline/processor.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { PageMemory } from "../support/page-memory.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { batchOf, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";

setDefaultTimeout(TIMEOUT_MS);

const SECOND = 1_000_000;
const T = 1_700_000_040;

/** With it every event goes by the columns, one by one. */
const watcher: LineWatcher = { refused() {}, before() {}, after() {} };

interface Event {
  readonly name: string;
  readonly value: string;
  readonly at: number;
  readonly fn: string;
  readonly form: "usual" | "spaces" | "labels" | "id" | "broken" | "own";
}

const events: fc.Arbitrary<Event> = fc.record({
  name: fc.constantFrom("a", "b", "c", "a.long.name.of.a.series", "é"),
  value: fc.constantFrom("0", "-0", "1.5", "-2", "0.12345678901234567", "1e300", "123456789.125"),
  at: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 20 }) },
    { weight: 2, arbitrary: fc.integer({ min: -200, max: 200 }) },
    { weight: 1, arbitrary: fc.constant(100_000) }, // ahead of the clock
  ),
  fn: fc.constantFrom("sum", "avg", "min", "max", "count", "last", "median", "nonsense"),
  form: fc.oneof(
    { weight: 30, arbitrary: fc.constant("usual" as const) },
    { weight: 3, arbitrary: fc.constantFrom("spaces", "labels", "id", "broken", "own") },
  ),
});

const rules: fc.Arbitrary<Partial<RuleSettings>> = fc.record(
  {
    window: fc.constantFrom<RuleSettings["window"]>(
      { kind: "tumbling", size: durationMicros(30 * SECOND), offset: durationMicros(0) },
      {
        kind: "hopping",
        size: durationMicros(30 * SECOND),
        every: durationMicros(10 * SECOND),
        offset: durationMicros(0),
      },
    ),
    allowedLateness: fc.constantFrom(durationMicros(0), durationMicros(25 * SECOND)),
    seriesMax: fc.constantFrom(4, 1000),
    early: fc.constantFrom(durationMicros(5 * SECOND)),
  },
  { requiredKeys: ["window", "allowedLateness", "seriesMax"] },
);

function lineOf({ name, value, at, fn, form }: Event, base: number): string {
  const timestamp = T + base + at;
  switch (form) {
    case "spaces":
      return `{"value": ${value}, "name": "${name}", "agg_func": "${fn}", "timestamp": ${timestamp}.25}`;
    case "labels":
      return `{"name":"${name}","value":${value},"timestamp":${timestamp},"agg_func":"${fn}","labels":{"x":"y"}}`;
    case "id":
      return `{"name":"${name}","value":${value},"timestamp":${timestamp},"agg_func":"${fn}","id":"${at % 5}"}`;
    case "broken":
      return `{"name":"${name}","value":`;
    case "own":
      return `{"name":"aggregator.x","value":${value},"timestamp":${timestamp}}`;
    case "usual":
      return `{"name":"${name}","value":${value},"timestamp":${timestamp}.125,"agg_func":"${fn}"}`;
  }
}

/** All that a pipeline sees of a processor, batch by batch. */
function course(
  batches: readonly (readonly string[])[],
  rule: Partial<RuleSettings>,
  how: LineWatcher | undefined,
): unknown[] {
  const settings = settingsOf({
    source: scriptedSource([]).settings,
    sinks: [scriptedSink("main").settings],
    rules: [ruleOf(rule)],
  });
  const refusals: Refusal[] = [];
  const processor = new Processor(settings, {
    seed: 11,
    nowMs: 0,
    onRefusal: (refusal) => refusals.push(refusal),
    watcher: how,
  });
  const memory = new PageMemory();
  const seen: unknown[] = [];
  for (const [i, lines] of batches.entries()) {
    const partition = i % 3 === 2 ? "p2" : "p1";
    const now = epochMicros((T + 60 + i * 10) * SECOND);
    processor.add(batchOf(lines, { partition }), { now, nowMs: i * 100 });
    if (i % 7 === 6) processor.engine.idle(i * 100 + 20_000);
    seen.push(processor.rows(now), [...refusals], { ...processor.engine.ledger });
    seen.push(processor.engine.rules.map(({ ledger }) => ({ ...ledger })));
    seen.push(processor.engine.watermark, processor.engine.windows());
    memory.apply(processor.changes());
    seen.push([...memory.pages]);
  }
  processor.engine.finish();
  seen.push(processor.rows(), { ...processor.engine.ledger });
  return seen;
}

test("events taken as they are decoded do what they do by the columns", () => {
  const batches = fc.array(fc.array(events, { maxLength: 25 }), { minLength: 1, maxLength: 10 });
  check(fc.tuple(batches, rules), 1_500, ([all, rule]) => {
    const lines = all.map((batch, i) => batch.map((event) => lineOf(event, i * 10)));
    expect(course(lines, rule, undefined)).toEqual(course(lines, rule, watcher));
  });
});
