import { functionDefinitions } from "../../../src/aggregations/list.ts";
import type { Aggregation, FunctionDefinition } from "../../../src/core/aggregation.ts";
import { EventColumns } from "../../../src/core/columns.ts";
import type { RuleSettings } from "../../../src/core/settings.ts";
import { durationMicros, epochMicros } from "../../../src/core/time.ts";
import type { WindowRule } from "../../../src/core/window.ts";
import { NameTable } from "../../../src/decode/name-table.ts";
import { Engine } from "../../../src/engine/engine.ts";
import { calendar, hopping, session, tumbling } from "../../support/engine-input.ts";
import { ruleOf } from "../../support/settings.ts";
import { WrongAnswerError } from "../harness/answer.ts";
import type { Part } from "../harness/bench.ts";
import {
  type Contestant,
  contest,
  median,
  ratio,
  type Sample,
  standingOf,
} from "../harness/contest.ts";
import type { Table } from "../harness/table.ts";

const BATCHES = 200;
const BATCH = 2048;
const EVENTS = BATCHES * BATCH;
const NAMES = 1000;
const START = 1_767_225_600_000_000;
/** Half an hour of event time. */
const STEP = 1_800_000_000 / EVENTS;
const DISORDER = 2_000_000;

const BASELINE = "tumbling 60 s";

const WINDOWS: Readonly<Record<string, { window: WindowRule; overlap: number }>> = {
  [BASELINE]: { window: tumbling(60), overlap: 1 },
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

/** What each window kind and each function costs the engine. Decoding is not in it. */
export const kinds: Part = {
  name: "kinds",
  summary: "every window kind and function in the engine alone, against a tumbling sum",
  async run(bench) {
    const all = contestants();
    // The first to run would pay for the compiler.
    await contest(all, { rounds: 1, say: (text) => bench.say(`warming up: ${text}`) });
    const standings = await contest(all, bench);
    const base = standingOf(standings, BASELINE);
    const table: Table = {
      title:
        "The engine alone: one rule, one function, 1,000 names, 60 s windows unless it says so",
      columns: [
        { key: "ns", head: "CPU ns an event", digits: 1 },
        { key: "cost", head: "to tumbling sum", digits: 2 },
      ],
      rows: standings.map((standing) => ({
        name: standing.name,
        cells: {
          // Always measured.
          ns: (median(standing, cpuSeconds)! * 1e9) / EVENTS,
          cost: 1 / ratio(standing, base, cpuSeconds)!,
        },
        samples: standing.samples,
      })),
    };
    return [table];
  },
};

function cpuSeconds(sample: Sample): number | undefined {
  return sample.cpuSeconds;
}

function contestants(): Contestant[] {
  const stream = streamOf();
  const sum = made(functionDefinitions.find(({ name }) => name === "sum")!);
  const windows = Object.entries(WINDOWS).map(([name, { window, overlap }]) => ({
    name,
    run: async () => run(stream, { window, aggregation: sum, overlap }),
  }));
  const functions = functionDefinitions.map((definition) => {
    const aggregation = made(definition);
    return {
      name: aggregation.name,
      run: async () => run(stream, { window: tumbling(60), aggregation, overlap: 1 }),
    };
  });
  return [...windows, ...functions];
}

/** With the rows. */
function run(
  { names, batches }: Stream,
  of: { readonly window: WindowRule; readonly aggregation: Aggregation; readonly overlap: number },
): Sample {
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
  const before = process.cpuUsage();
  for (const columns of batches) {
    engine.add(columns, arrival);
    for (const { count } of engine.collect()) counted += count;
  }
  engine.finish();
  for (const { count } of engine.collect()) counted += count;
  const seconds = (performance.now() - start) / 1000;
  if (counted !== EVENTS * overlap) {
    throw new WrongAnswerError(`${counted} events in the rows, not ${EVENTS * overlap}`);
  }
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
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
      columns.newest = Math.max(columns.newest, columns.time[i]!);
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
