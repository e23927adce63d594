// What each window kind and each function costs the engine, against one sum over tumbling windows, in one
// run: `bun tests/bench/engine-kinds.ts`; part of `bun run bench`. Decoding is not in it.
import { functionDefinitions } from "../../src/aggregations/list.ts";
import type { Aggregation, FunctionDefinition } from "../../src/core/aggregation.ts";
import { EventColumns } from "../../src/core/columns.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import type { WindowRule } from "../../src/core/window.ts";
import { NameTable } from "../../src/decode/name-table.ts";
import { Engine } from "../../src/engine/engine.ts";
import { calendar, hopping, session, tumbling } from "../support/engine-input.ts";
import { ruleOf } from "../support/settings.ts";

const ROUNDS = 5;
const BATCHES = 200;
const BATCH = 2048;
const NAMES = 1000;
const START = 1_767_225_600_000_000;
/** Half an hour of event time. */
const STEP = 1_800_000_000 / (BATCHES * BATCH);
const DISORDER = 2_000_000;

const WINDOWS: Readonly<Record<string, { window: WindowRule; overlap: number }>> = {
  "tumbling 60 s": { window: tumbling(60), overlap: 1 },
  "hopping 60 s every 10 s": { window: hopping(60, 10), overlap: 6 },
  "hopping 5 min every 10 s": { window: hopping(300, 10), overlap: 30 },
  "session of 10 s": { window: session(10), overlap: 1 },
  "calendar hour": { window: calendar("hour"), overlap: 1 },
  "calendar day in Berlin": { window: calendar("day", "Europe/Berlin"), overlap: 1 },
};

interface Stream {
  readonly names: NameTable;
  readonly batches: readonly EventColumns[];
}

export function benchEngineKinds(): void {
  const stream = streamOf();
  const sum = made(functionDefinitions.find(({ name }) => name === "sum")!);
  const runs = new Map<string, () => number>();
  for (const [name, { window, overlap }] of Object.entries(WINDOWS)) {
    runs.set(name, () => run(stream, { window, aggregation: sum, overlap }));
  }
  for (const definition of functionDefinitions) {
    const aggregation = made(definition);
    runs.set(aggregation.name, () =>
      run(stream, { window: tumbling(60), aggregation, overlap: 1 }),
    );
  }
  const measured = new Map([...runs.keys()].map((name) => [name, [] as number[]]));
  // In turns, so that a slow minute of the machine is shared by all.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, once] of runs) measured.get(name)!.push(once());
  }
  console.log("");
  console.log(
    "The engine alone: one rule, one function, 1,000 names, 60 s windows unless it says otherwise",
  );
  console.log(`${"".padEnd(28)}${"ns an event".padStart(12)}${"to tumbling sum".padStart(18)}`);
  const base = medianOf(measured.get("tumbling 60 s")!);
  for (const [name, times] of measured) {
    const ns = medianOf(times);
    console.log(
      `${name.padEnd(28)}${ns.toFixed(1).padStart(12)}${(ns / base).toFixed(2).padStart(18)}`,
    );
  }
}

/** Nanoseconds an event, with the rows. */
function run(
  { names, batches }: Stream,
  of: { readonly window: WindowRule; readonly aggregation: Aggregation; readonly overlap: number },
): number {
  const { window, aggregation, overlap } = of;
  const rule: RuleSettings = ruleOf({
    window,
    seriesMax: 2 * NAMES,
    aggregate: { kind: "named", functions: [{ key: aggregation.name, aggregation }] },
  });
  const engine = new Engine({
    rules: [rule],
    names,
    outOfOrderness: durationMicros(5_000_000),
    idleTimeoutMs: Infinity,
    maxFuture: "off",
    dedupe: { for: durationMicros(1), idsMax: 1 },
    nowMs: 0,
  });
  const arrival = { partition: "0", now: epochMicros(START), nowMs: 0 };
  let counted = 0;
  const start = performance.now();
  for (const columns of batches) {
    engine.add(columns, arrival);
    for (const { count } of engine.collect()) counted += count;
  }
  engine.finish();
  for (const { count } of engine.collect()) counted += count;
  const ns = ((performance.now() - start) * 1e6) / (BATCHES * BATCH);
  if (counted !== BATCHES * BATCH * overlap) throw new Error(`${counted} events in the rows`);
  return ns;
}

function streamOf(): Stream {
  const names = new NameTable({ seed: 7 });
  let random = 1;
  const next = (): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) | 0;
    return (random >>> 8) / 2 ** 24;
  };
  const numbers = Array.from({ length: NAMES }, (_, i) => names.intern(`sensor_${i}`));
  let time = START;
  const batches = Array.from({ length: BATCHES }, () => {
    const columns = new EventColumns(BATCH);
    for (let i = 0; i < BATCH; i++) {
      time += STEP;
      columns.name[i] = numbers[Math.floor(NAMES ** next()) - 1]!;
      columns.value[i] = Math.floor(next() * 1e6) / 1000;
      columns.time[i] = Math.floor(time - next() * DISORDER);
    }
    columns.length = BATCH;
    return columns;
  });
  return { names, batches };
}

function made(definition: FunctionDefinition): Aggregation {
  if (definition.parameter === "fraction") return definition.make(0.99);
  if (definition.parameter === "bounds") return definition.make([1, 10, 100, 1000]);
  return definition.parameter === "duration"
    ? definition.make(60_000_000, "1m")
    : definition.make();
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!;
}

if (import.meta.main) benchEngineKinds();
