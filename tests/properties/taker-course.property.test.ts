import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { busFunctions } from "../../src/aggregations/list.ts";
import { EventColumns } from "../../src/core/columns.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { PageCollector, StoredPages } from "../../src/core/stored.ts";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import { Decoder, inputOf } from "../../src/decode/decoder.ts";
import { Engine } from "../../src/engine/engine.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { calendar, hopping, ruleOf, SECOND, session, tumbling } from "../support/engine-input.ts";
import { PageMemory } from "../support/page-memory.ts";

setDefaultTimeout(TIMEOUT_MS);

const START = 1_700_000_040;
const FUNCTIONS = busFunctions.map(({ name }) => name);
/** So few that most batches need several. */
const CAPACITY = 7;

interface Event {
  readonly name: number;
  readonly fn: string;
  readonly value: string;
  /** Steps of event time from those of the batch. */
  readonly at: number;
  readonly form: "usual" | "id" | "broken" | "own" | "odd";
}

type Step =
  | {
      readonly kind: "events";
      /** -1: back from the dead letters. */
      readonly partition: number;
      readonly events: readonly Event[];
      /** Whether each part of the batch that fills the columns ends a batch of the engine. */
      readonly isCut: boolean;
      /** Parts of the batch, by their place, that somebody looks at: they go by the columns. */
      readonly seen: number;
    }
  | { readonly kind: "away" | "release" | "restart" }
  | {
      readonly kind: "idle";
      /** Some partitions have been quiet for long enough, or all. */
      readonly afterMs: number;
      readonly caughtUp: readonly string[] | undefined;
    }
  | { readonly kind: "open"; readonly partition: number }
  | { readonly kind: "gap"; readonly from: number; readonly steps: number }
  | { readonly kind: "rules"; readonly rules: readonly RuleSettings[] };

const event: fc.Arbitrary<Event> = fc.record({
  name: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(40) }),
  fn: fc.constantFrom(...FUNCTIONS),
  value: fc.constantFrom("0", "-0", "0.0", "1.5", "-2", "0.12345678901234567", "1e300", "-1e300"),
  at: fc.oneof(
    { weight: 250, arbitrary: fc.integer({ min: 0, max: 9 }) },
    { weight: 15, arbitrary: fc.integer({ min: -40, max: 20 }) },
    { weight: 1, arbitrary: fc.constantFrom(-10_000, 300) },
  ),
  form: fc.oneof(
    { weight: 80, arbitrary: fc.constant("usual" as const) },
    { weight: 1, arbitrary: fc.constantFrom("id", "broken", "own", "odd") },
  ),
});

const windows = fc.constantFrom(
  tumbling(30),
  tumbling(1, 0.5),
  hopping(30, 10),
  hopping(25, 10, 3), // panes of 5 s, of which a window takes every other one twice
  calendar("hour"),
  calendar("day", "Australia/Lord_Howe"),
  calendar("month", "Europe/Berlin"),
  session(5), // has no cells to open
);

const first = fc
  .record({
    window: windows,
    lateness: fc.constantFrom(0, 0, 25),
    seriesMax: fc.constantFrom(25, 1_000, 1_000),
    early: fc.constantFrom(undefined, 5),
    emit: fc.constantFrom(undefined, "final" as const),
    isFilled: fc.boolean(),
  })
  .map(({ emit, early, isFilled, ...rest }) =>
    ruleOf({
      ...rest,
      ...(emit === undefined ? (early === undefined ? {} : { early }) : { emit }),
      ...(isFilled && rest.window.kind !== "session"
        ? { fill: { with: "zero" as const, for: 100 } }
        : {}),
    }),
  );

/** Mostly one rule that reads events, alone or with one above it. */
const rules: fc.Arbitrary<readonly RuleSettings[]> = fc
  .tuple(first, fc.constantFrom("alone", "alone", "above", "above", "alone", "beside", "matching"))
  .map(([one, more]) => {
    if (more === "alone" || one.window.kind === "session") return [one];
    if (more === "above" && one.window.kind === "tumbling" && one.early === undefined) {
      return [one, ruleOf({ name: "above", from: "r", window: tumbling(60), seriesMax: 9 })];
    }
    if (more === "matching") return [{ ...one, match: { name: ["n*"] } }];
    return more === "beside" ? [one, ruleOf({ name: "beside", window: hopping(20, 10) })] : [one];
  });

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant("events" as const),
        partition: fc.constantFrom(0, 0, 0, 1, 2, -1),
        events: fc.array(event, { maxLength: 40, size: "max" }),
        isCut: fc.boolean(),
        seen: fc.constantFrom(0, 0, 0, 1, 2, 5),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom("away" as const, "release", "release", "restart", "restart"),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("idle" as const),
        afterMs: fc.constantFrom(9_700, 9_900, 30_000),
        caughtUp: fc.constantFrom(undefined, undefined, ["p0"], ["p1", "p2"]),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("open" as const), partition: fc.nat(2) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("gap" as const),
        from: fc.integer({ min: -20, max: 20 }),
        steps: fc.nat(20),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("rules" as const), rules }) },
  ),
  { minLength: 1, maxLength: 20, size: "max" },
);

interface Course {
  readonly rules: readonly RuleSettings[];
  readonly steps: readonly Step[];
  /** Seconds of event time that a step of it lasts. */
  readonly scale: number;
  readonly maxFuture: number | "off";
}

const courses: fc.Arbitrary<Course> = fc.record({
  rules,
  steps,
  scale: fc.constantFrom(1, 1, 1, 900, 90_000),
  maxFuture: fc.constantFrom("off" as const, 100),
});

/** Decoder and engine as the pipeline has them, by either road. */
class Road {
  readonly #course: Course;
  readonly #byTaker: boolean;
  readonly #memory = new PageMemory();
  #rules: readonly RuleSettings[];
  #decoder!: Decoder;
  #engine!: Engine;
  readonly #columns = new EventColumns(CAPACITY);
  /** Events that went into their cells where they were decoded. */
  fused = 0;
  /** All that a pipeline sees. */
  readonly seen: unknown[] = [];

  constructor(course: Course, byTaker: boolean) {
    this.#course = course;
    this.#byTaker = byTaker;
    this.#rules = course.rules;
    this.#make();
  }

  run(): void {
    for (const [i, step] of this.#course.steps.entries()) {
      this.#take(step, i);
      this.#collect(i);
      this.#look();
    }
    this.#engine.finish();
    this.seen.push(this.#engine.collect(), { ...this.#engine.ledger });
  }

  #make(): void {
    this.#decoder = new Decoder({
      functions: FUNCTIONS,
      unit: "s",
      timeMin: epochMicros(0),
      timeMax: epochMicros(7_258_118_400 * SECOND),
      seed: 11,
      ignoredPrefix: "aggregator.",
    });
    const { maxFuture } = this.#course;
    this.#engine = new Engine({
      rules: this.#rules,
      names: this.#decoder.names,
      functions: FUNCTIONS,
      outOfOrderness: durationMicros(5 * SECOND),
      idleTimeoutMs: 10_000,
      maxFuture:
        maxFuture === "off" ? "off" : durationMicros(maxFuture * this.#course.scale * SECOND),
      dedupe: { for: durationMicros(3600 * SECOND), idsMax: 3 },
      nowMs: 0,
    });
  }

  #take(step: Step, i: number): void {
    const nowMs = i * 100;
    switch (step.kind) {
      case "events":
        this.#add(step, i);
        return;
      case "idle":
        this.#engine.idle(nowMs + step.afterMs, step.caughtUp);
        return;
      case "away":
        this.#engine.restartIdle(nowMs);
        return;
      case "release": {
        const { names } = this.#decoder;
        this.#engine.renumber(names.retain(this.#engine.namesInUse(names.size)));
        return;
      }
      case "open":
        this.#engine.openPartition(`p${step.partition}`);
        return;
      case "gap": {
        const from = this.#time(step.from, i);
        const to = this.#time(step.from + step.steps, i);
        this.#engine.markPartial(epochMicros(from * SECOND), epochMicros(to * SECOND));
        return;
      }
      case "restart":
      case "rules": {
        const former = this.#engine.formerRules();
        if (step.kind === "rules") this.#rules = step.rules;
        this.#make();
        const pages = new StoredPages(this.#memory.pages);
        this.#decoder.names.restore(pages);
        this.seen.push(this.#engine.restore(pages, { former }));
        return;
      }
      default:
        step satisfies never;
    }
  }

  #add({ partition, events, isCut, seen }: Extract<Step, { kind: "events" }>, i: number): void {
    const lines = events.map((one) => `${this.#line(one, i)}\n`);
    const bytes = new TextEncoder().encode(lines.join(""));
    const input = inputOf(bytes, bytes.length);
    const arrival = {
      partition: partition < 0 ? undefined : `p${partition}`,
      now: epochMicros(this.#time(30, i) * SECOND),
      nowMs: i * 100,
    };
    const columns = this.#columns;
    for (let part = 0; input.at < input.end; part++) {
      const isSeen = ((seen >> (part % 3)) & 1) === 1;
      const taker = this.#byTaker && !isSeen ? this.#engine.taker(arrival) : undefined;
      const { received } = columns;
      this.#decoder.decode(input, columns, isCut ? CAPACITY : Infinity, taker);
      const { length, filtered, refusals } = columns;
      this.fused += columns.received - received - length - filtered - refusals.length;
      const refused = this.#engine.add(columns, arrival);
      this.seen.push([...refusals]);
      // By the line: the columns of the two roads hold not the same events.
      this.seen.push(refused.map(({ index, ...why }) => ({ ...why, line: columns.line[index] })));
      columns.clear();
      if (isCut && columns.received >= CAPACITY) this.#collect(i);
    }
  }

  #time(at: number, i: number): number {
    return START + (at + i * 4) * this.#course.scale;
  }

  #line({ name, fn, value, at, form }: Event, i: number): string {
    const time = Math.max(0, this.#time(at, i));
    const rest = `"value":${value},"timestamp":${time},"agg_func":"${fn}"`;
    switch (form) {
      case "id":
        return `{"name":"n${name}",${rest},"id":"${name}"}`;
      case "broken":
        return `{"name":"n${name}",${rest}`;
      case "own":
        return `{"name":"aggregator.n${name}",${rest}}`;
      case "odd":
        return `  {"name":"o${name}",${rest}}`;
      case "usual":
        return `{"name":"n${name}",${rest}}`;
    }
  }

  /** Ends a batch of the engine, by a clock of its own for what is told early. */
  #collect(i: number): void {
    this.#columns.received = 0;
    this.seen.push(this.#engine.collect(epochMicros(this.#time(0, i) * SECOND)));
  }

  #look(): void {
    const engine = this.#engine;
    this.seen.push({ ...engine.ledger }, engine.watermark, engine.windows());
    for (const rule of engine.rules) {
      this.seen.push([{ ...rule.ledger }, rule.fired, rule.revisions, rule.seriesCount]);
      this.seen.push(rule.notes(3));
    }
    this.seen.push(engine.arrivals.partitions.map((name) => engine.arrivals.newestOf(name)));
    const names = new PageCollector();
    this.#decoder.names.changes(names);
    const { remove, put } = engine.changes();
    this.#memory.apply({ remove: [...names.remove, ...remove], put: [...names.put, ...put] });
    this.seen.push([...this.#memory.pages]);
  }
}

test("events taken as they are decoded do what they do by the columns, whatever happens between", () => {
  let fused = 0;
  check(courses, 600, (course) => {
    const taken = new Road(course, true);
    const columns = new Road(course, false);
    taken.run();
    columns.run();
    expect(taken.seen).toEqual(columns.seen);
    expect(columns.fused).toBe(0);
    fused += taken.fused;
  });
  expect(fused).toBeGreaterThan(5_000);
});
