import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type {
  Aggregation,
  CellAggregation,
  ObjectAggregation,
  ResultDetail,
  WindowFacts,
} from "../../src/core/aggregation.ts";
import { epochMicros } from "../../src/core/time.ts";
import { check } from "../support/effort.ts";

/** A value and its event time in microseconds. Lists of them are in the order of their arrival. */
export interface TimedValue {
  readonly value: number;
  readonly time: number;
}

/** What a function promises, beyond the laws. */
export interface AggregationPromise {
  /** The exact result, rounded at the end if at all. */
  exact(events: readonly TimedValue[], window: WindowFacts): number | null;
  /** How far the result may lie from it: the error that the function states. */
  error(events: readonly TimedValue[], exact: number): number;
  /** The result of quarters below 10,000 is exact to the last bit. */
  readonly isExactOfQuarters?: true;
  /** Whether the state is the same in any order, to the last bit, or within twice the error. */
  readonly order: "same" | "within-error";
  /** Of events with equal times it decides which arrived first: that is the one order that matters. */
  readonly arrivalMatters?: true;
}

export const START = 1_700_000_000_000_000;
const SECONDS = 60;
const facts = (count: number): WindowFacts => ({
  count,
  start: epochMicros(START),
  end: epochMicros(START + SECONDS * 1_000_000),
});

/** An accumulator of either kind. */
interface Accumulator {
  add(events: Iterable<TimedValue>): this;
  /** Checks that the other one stays as it is. */
  merge(other: this): this;
  /** Checks that looking changes nothing. */
  result(): number | null;
  detail(): ResultDetail | undefined;
  /** As it is after the checkpoint. */
  stored(): this;
}

/** Where an accumulator stands among others, so that a write outside its cells is seen. */
const BEFORE = 3;
const GUARD = 12345.678;

class CellAccumulator implements Accumulator {
  cells: Float64Array;
  readonly #of: CellAggregation;
  #count = 0;

  constructor(of: CellAggregation, dirt: number) {
    this.#of = of;
    this.cells = new Float64Array(BEFORE + of.cells + 3).fill(GUARD);
    // The cells hold anything before `init`.
    this.cells.fill(dirt, BEFORE, BEFORE + of.cells);
    of.init(this.cells, BEFORE);
  }

  add(events: Iterable<TimedValue>): this {
    for (const { value, time } of events) {
      this.#of.add(this.cells, BEFORE, value, time);
      this.#count++;
    }
    return this;
  }

  merge(other: this): this {
    const before = other.cells.slice();
    this.#of.merge(this.cells, BEFORE, other.cells, BEFORE);
    this.#count += other.#count;
    expect(other.cells).toEqual(before);
    return this;
  }

  result(): number | null {
    const before = this.cells.slice();
    const result = this.#of.result(this.cells, BEFORE, facts(this.#count));
    this.detail();
    expect(this.cells).toEqual(before);
    const outside = [...this.cells].filter((_, i) => i < BEFORE || i >= BEFORE + this.#of.cells);
    expect(outside).toEqual(outside.map(() => GUARD));
    return result;
  }

  detail(): ResultDetail | undefined {
    return this.#of.detail?.(this.cells, BEFORE, facts(this.#count));
  }

  stored(): this {
    this.cells = new Float64Array(this.cells);
    return this;
  }
}

class ObjectAccumulator implements Accumulator {
  state: unknown;
  readonly #of: ObjectAggregation;
  #count = 0;

  constructor(of: ObjectAggregation) {
    this.#of = of;
    this.state = of.init();
  }

  add(events: Iterable<TimedValue>): this {
    for (const { value, time } of events) {
      this.state = this.#of.add(this.state, value, time);
      this.#count++;
    }
    return this;
  }

  merge(other: this): this {
    const before = other.bytes();
    this.state = this.#of.merge(this.state, other.state);
    this.#count += other.#count;
    expect(other.bytes()).toEqual(before);
    return this;
  }

  result(): number | null {
    const before = this.bytes();
    const result = this.#of.result(this.state, facts(this.#count));
    this.detail();
    expect(this.bytes()).toEqual(before);
    return result;
  }

  detail(): ResultDetail | undefined {
    return this.#of.detail?.(this.state, facts(this.#count));
  }

  stored(): this {
    // Within a larger buffer, as a checkpoint gives it.
    const bytes = this.bytes();
    const page = new Uint8Array(bytes.length + 8).fill(0xa5);
    page.set(bytes, 3);
    this.state = this.#of.decode(page.subarray(3, 3 + bytes.length));
    page.fill(0x5a);
    return this;
  }

  bytes(): Uint8Array {
    return this.#of.encode(this.state);
  }
}

/** Within the window, many of them equal. */
const time = fc
  .oneof(fc.integer({ min: 0, max: 5 }), fc.nat(SECONDS * 1_000_000 - 1))
  .map((micros) => START + micros);

function eventsOf(value: fc.Arbitrary<number>): fc.Arbitrary<TimedValue[]> {
  return fc.array(fc.record({ value, time }), { minLength: 1, maxLength: 40 });
}

/** Quarters: whatever is added up of a few of them is exact. */
const quarters = eventsOf(fc.integer({ min: -40_000, max: 40_000 }).map((n) => n / 4));
const anyEvents = eventsOf(
  fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
    fc.constantFrom(0, -0, 1e15, -1e15, 1, 0.1, 1e-15, 5e-324),
  ),
);
/** So many that sketches come to be, each way of dividing them included. */
const manyEvents = fc
  .record({ length: fc.integer({ min: 900, max: 4_000 }), seed: fc.nat(1_000_000) })
  .map(({ length, seed }) =>
    Array.from({ length }, (_, i): TimedValue => {
      const x = Math.sin(seed + i * 12.9898) * 43_758.5453;
      const fraction = x - Math.floor(x);
      // Every third one is a value that was there.
      const value = i % 3 === 0 ? Math.round(fraction * 50) - 25 : Math.exp(fraction * 20 - 10);
      return { value: i % 7 === 0 ? -value : value, time: START + ((i * 7_919) % 60_000_000) };
    }),
  );
const dirt = fc.constantFrom(0, NaN, Infinity, -Infinity, 7);
const parts = fc.array(fc.tuple(fc.nat(4_000), fc.boolean()), { maxLength: 8 });

/** The same values at times of which no two are equal. */
function apart(events: readonly TimedValue[]): TimedValue[] {
  return events.map(({ value }, i) => ({ value, time: START + ((i * 37) % 4_001) }));
}

function shuffled(events: readonly TimedValue[], keys: fc.Stream<number>): TimedValue[] {
  return events
    .map((event) => ({ event, key: keys.next().value ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ event }) => event);
}

/** Holds a function to the laws of its kind and to what it promises. */
export function testAggregation(aggregation: Aggregation, promise: AggregationPromise): void {
  if (aggregation.kind === "cells") {
    const make = (held: number): CellAccumulator => new CellAccumulator(aggregation, held);
    testLaws(aggregation.name, make, promise);
  } else {
    testLaws(aggregation.name, () => new ObjectAccumulator(aggregation), promise);
    testStored(aggregation);
  }
}

function testLaws<A extends Accumulator>(
  name: string,
  make: (held: number) => A,
  promise: AggregationPromise,
): void {
  const empty = (): A => make(NaN);
  const of = (events: Iterable<TimedValue>): A => empty().add(events);
  const errorOf = (events: readonly TimedValue[]): number => {
    const exact = promise.exact(events, facts(events.length));
    return exact === null ? 0 : promise.error(events, exact);
  };
  const expectExact = (result: number | null, events: readonly TimedValue[]): void => {
    const exact = promise.exact(events, facts(events.length));
    if (exact === null || result === null) {
      expect(result).toBe(exact);
      return;
    }
    expect(Math.abs(result - exact)).toBeLessThanOrEqual(promise.error(events, exact));
  };
  const expectSame = (a: A, b: A, events: readonly TimedValue[]): void => {
    const [one, other] = [a.result(), b.result()];
    if (promise.order === "same") expect(a.detail()).toEqual(b.detail());
    if (promise.order === "same" || one === null || other === null) {
      expect(one === null ? one : one + 0).toBe(other === null ? other : other + 0);
      return;
    }
    expect(Math.abs(one - other)).toBeLessThanOrEqual(2 * errorOf(events));
  };
  /** The events, where their order may be changed. */
  const free = (events: readonly TimedValue[]): readonly TimedValue[] =>
    promise.arrivalMatters === undefined ? events : apart(events);

  describe(name, () => {
    test("gives the exact result within its stated error", () => {
      check(anyEvents, 300, (events) => expectExact(of(events).result(), events));
      check(quarters, 300, (events) => {
        const result = of(events).result();
        expectExact(result, events);
        if (promise.isExactOfQuarters === undefined) return;
        expect((result ?? 0) + 0).toBe((promise.exact(events, facts(events.length)) ?? 0) + 0);
      });
    });

    test("does so for many events, divided and stored at any places", () => {
      check(fc.tuple(manyEvents, parts), 15, ([events, cuts]) => {
        expectExact(of(events).result(), events);
        expectExact(divided(events, cuts).result(), events);
        expectSame(divided(events, cuts), of(events), events);
      });
    });

    test("has its accumulator to itself, whatever was there before", () => {
      check(fc.tuple(quarters, dirt), 100, ([events, held]) => {
        make(held).add(events);
        expectExact(make(held).add(events).result(), events);
      });
    });

    test("has the accumulator of no events as its identity, on both sides", () => {
      check(anyEvents, 300, (events) => {
        expectSame(of(events).merge(empty()), of(events), events);
        expectSame(empty().merge(of(events)), of(events), events);
        expectSame(empty().merge(empty()).merge(of(events)).merge(empty()), of(events), events);
      });
    });

    test("merges in any order", () => {
      check(fc.tuple(anyEvents, fc.nat(100), fc.nat(100)), 300, ([events, at, by]) => {
        const i = at % (events.length + 1);
        const j = i + (by % (events.length - i + 1));
        const [a, b, c] = [events.slice(0, i), events.slice(i, j), events.slice(j)] as const;
        const left = of(a).merge(of(b)).merge(of(c));
        expectSame(left, of(a).merge(of(b).merge(of(c))), events);
        expectSame(left, of(events), events);
        const all = free(events);
        const [one, other] = [all.slice(0, i), all.slice(i)];
        expectSame(of(one).merge(of(other)), of(other).merge(of(one)), all);
      });
    });

    test("does not hang on the order of the events", () => {
      const keys = fc.infiniteStream(fc.nat(1_000_000));
      check(fc.tuple(anyEvents, keys), 300, ([events, stream]) => {
        const all = free(events);
        expectSame(of(shuffled(all, stream)), of(all), all);
      });
      check(fc.tuple(manyEvents, keys), 15, ([events, stream]) => {
        const all = free(events);
        expectSame(of(shuffled(all, stream)), of(all), all);
      });
    });

    test("shares nothing with what it took in", () => {
      check(fc.tuple(anyEvents, anyEvents), 100, ([events, more]) => {
        const source = of(events);
        const target = empty().merge(source);
        const before = source.result();
        target.add(more);
        expect(source.result()).toBe(before);
        source.add(more);
        expectSame(target, source, [...events, ...more]);
      });
    });

    test("gives a finite result, or none, for finite values", () => {
      check(anyEvents, 300, (events) => expect(of(events).result() ?? 0).toBeFinite());
    });
  });

  /** In parts that are made apart, some of them stored, and merged in the order of arrival. */
  function divided(
    events: readonly TimedValue[],
    cuts: readonly (readonly [at: number, isStored: boolean])[],
  ): A {
    const total = empty();
    let from = 0;
    for (const [at, isStored] of cuts.toSorted((a, b) => a[0] - b[0])) {
      if (at > events.length) break;
      const part = of(events.slice(from, at));
      total.merge(isStored ? part.stored() : part);
      if (isStored) total.stored();
      from = at;
    }
    return total.merge(of(events.slice(from)));
  }
}

/** What is read from a checkpoint is as it was, or it is refused. */
function testStored(aggregation: ObjectAggregation): void {
  const stateOf = (events: Iterable<TimedValue>): ObjectAccumulator =>
    new ObjectAccumulator(aggregation).add(events);

  describe(`${aggregation.name}, stored`, () => {
    test("goes on as it would have", () => {
      check(fc.tuple(manyEvents, fc.nat(4_000)), 20, ([events, at]) => {
        const stored = stateOf(events.slice(0, at)).stored().add(events.slice(at));
        expect(stored.result()).toBe(stateOf(events).result());
        expect(stored.stored().result()).toBe(stored.result());
      });
      expect(
        stateOf([])
          .stored()
          .add([{ value: 7, time: START }])
          .bytes(),
      ).toEqual(stateOf([{ value: 7, time: START }]).bytes());
    });

    test("is refused when it is cut off, too long or of another version", () => {
      check(fc.oneof(anyEvents, manyEvents), 20, (events) => {
        const bytes = stateOf(events).bytes();
        const step = Math.ceil(bytes.length / 200);
        for (let length = 0; length < bytes.length; length += step) {
          expect(() => aggregation.decode(bytes.subarray(0, length))).toThrow(Error);
        }
        expect(() => aggregation.decode(Uint8Array.of(...bytes, 0))).toThrow("follow its end");
        expect(() => aggregation.decode(Uint8Array.of(2, ...bytes.subarray(1)))).toThrow("version");
        expect(() => aggregation.decode(Uint8Array.of(1, 9, ...bytes.subarray(2)))).toThrow("form");
      });
    });

    test("gives a state or an error, whatever the bytes are", () => {
      const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
      check(fc.tuple(fc.oneof(anyEvents, manyEvents), flips), 200, ([events, changes]) => {
        const bytes = stateOf(events).bytes();
        for (const [at, byte] of changes) bytes[at % Math.min(bytes.length, 64)] = byte;
        let state: unknown;
        try {
          state = aggregation.decode(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Error);
          expect(thrown).not.toBeInstanceOf(RangeError);
          return;
        }
        aggregation.result(aggregation.add(state, 1, START), facts(1));
      });
    });
  });
}
