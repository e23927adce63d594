import { describe, expect, test } from "bun:test";
import { resolveConfig } from "../../src/config/resolve.ts";
import type { ObjectAggregation, WindowFacts } from "../../src/core/aggregation.ts";
import { assert } from "../../src/core/errors.ts";
import { epochMicros } from "../../src/core/time.ts";
import { type CustomFunctionCall, customFunction, tumbling } from "../../src/index.ts";
import { eventCheckOf } from "../../src/pipeline/event-check.ts";

const facts: WindowFacts = {
  count: 3,
  start: epochMicros(60_000_000),
  end: epochMicros(120_500_000),
};

/** As the configuration makes it of the call. */
function made(call: CustomFunctionCall): ObjectAggregation {
  const rules = { a: { window: tumbling("60s"), aggregate: { mine: call } } };
  const settings = resolveConfig({ rules }, { origin: "test", dir: "/srv", env: {} });
  const { aggregation } = settings.rules[0]!.aggregate.functions[0]!;
  assert(aggregation.kind === "object", "it is made of objects");
  return aggregation;
}

const spread = customFunction({
  init: () => ({ least: Infinity, most: -Infinity }),
  add: ({ least, most }, value) => ({ least: Math.min(least, value), most: Math.max(most, value) }),
  merge: (a, b) => ({ least: Math.min(a.least, b.least), most: Math.max(a.most, b.most) }),
  result: ({ least, most }) => most - least,
});

describe("the registry", () => {
  test("tells what an event may name, also where no rule leaves the choice to it", () => {
    const rules = { a: { window: tumbling("60s"), aggregate: { mine: spread } } };
    const config = { rules, functions: { spread } };
    const settings = resolveConfig(config, { origin: "test", dir: "/srv", env: {} });
    const of = (agg_func: string) =>
      eventCheckOf(settings)({ name: "a", value: 1, timestamp: 0, agg_func });
    expect(of("spread")).toMatchObject({ ok: true });
    expect(of("avg")).toMatchObject({ ok: true });
    expect(of("mine")).toMatchObject({ ok: false, reason: "unknown_function" });
  });
});

describe("customFunction()", () => {
  test("is a function as any other", () => {
    const { init, add, merge, result, encode, decode, name } = made(spread);
    expect(name).toBe("mine");
    const target = add(add(init(), 3, 0), 5, 0);
    const source = decode(encode(add(init(), -1, 0)));
    expect(result(merge(target, source), facts)).toBe(6);
    expect(decode(encode(init()))).toEqual({ least: Infinity, most: -Infinity });
  });

  test("gets times in seconds", () => {
    const seen: unknown[] = [];
    const { init, add, result } = made(
      customFunction({
        init: () => 0,
        add: (state, value, time) => state + value * time,
        merge: (a, b) => a + b,
        result: (state, window) => {
          seen.push(window);
          return state;
        },
      }),
    );
    expect(result(add(init(), 2, 1_500_000), facts)).toBe(3);
    expect(seen).toEqual([{ count: 3, start: 60, end: 120.5 }]);
  });

  test("shares no state, however its parts are written", () => {
    const shared: number[] = [];
    const { init, add, merge, result } = made(
      customFunction({
        init: () => shared,
        add(state, value) {
          state.push(value);
          return state;
        },
        merge: (a, b) => (a.length === 0 ? b : [...a, ...b]),
        result(state) {
          state.reverse();
          return state.pop() ?? null;
        },
      }),
    );
    const one = add(init(), 1, 0);
    const two = add(init(), 2, 0);
    expect([one, two, shared]).toEqual([[1], [2], []]);
    const merged = add(merge(init(), one), 3, 0);
    expect([one, merged]).toEqual([[1], [1, 3]]);
    expect([result(merged, facts), result(merged, facts)]).toEqual([1, 1]);
  });

  test("has a source that changes with its code", () => {
    const other = customFunction({
      init: () => 0,
      add: (state, value) => state - value,
      merge: (a, b) => a + b,
      result: (state) => state,
    });
    expect(made(spread).source).toBe(made(spread).source);
    expect(made(spread).source).not.toBe(made(other).source);
  });

  test("throws where a part returns what it should not", () => {
    // What the editor would mark red.
    const loose = customFunction as unknown as (parts: object) => CustomFunctionCall;
    const parts = { init: () => [], add: () => {}, merge: () => {}, result: () => "1" };
    const { init, add, merge, result } = made(loose(parts));
    expect(() => add(init(), 1, 0)).toThrow("add has to return the state");
    expect(() => merge(init(), init())).toThrow("merge has to return the state");
    expect(() => result(init(), facts)).toThrow(
      "result has to return a number or null, not string",
    );
  });

  test("says that its state became no JSON where its row is made, and after a restart", () => {
    const loose = customFunction as unknown as (parts: object) => CustomFunctionCall;
    const { init, add, merge, result, encode, decode } = made(
      loose({ init: () => null, add: () => new Map(), merge: () => 1, result: () => 1 }),
    );
    const state = add(init(), 1, 0);
    const message = "state of a custom function must be JSON, not a Map";
    expect(() => result(state, facts)).toThrow(message);
    expect(() => merge(init(), state)).toThrow(message);
    const kept = decode(encode(state));
    expect(() => result(kept, facts)).toThrow(message);
    expect(() => add(kept, 1, 0)).toThrow(message);
    expect(() => result(decode(encode(kept)), facts)).toThrow(message);
  });
});
