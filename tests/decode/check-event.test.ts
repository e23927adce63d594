import { describe, expect, test } from "bun:test";
import { epochMicros } from "../../src/core/time.ts";
import { checkEvent, type EventRules, microsWithin } from "../../src/decode/check-event.ts";

const rules: EventRules = {
  functions: ["sum", "avg", "min", "max"],
  unit: "s",
  timeMin: epochMicros(-2_208_988_800_000_000),
  timeMax: epochMicros(7_258_118_400_000_000),
};

const good = { name: "cpu", value: 1.5, timestamp: 1700000000 };

/** The event as JSON gives it: `undefined` leaves a field out. */
function outcome(fields: Record<string, unknown>, options: Partial<EventRules> = {}): unknown {
  const parsed: unknown = JSON.parse(JSON.stringify({ ...good, ...fields }));
  return checkEvent(parsed, { ...rules, ...options });
}

function refusal(reason: string, detail: string): unknown {
  return { ok: false, reason, detail };
}

describe("checkEvent() accepts", () => {
  test("what has a name, a value and a timestamp", () => {
    expect(checkEvent(good, rules)).toEqual({
      ok: true,
      name: "cpu",
      value: 1.5,
      time: epochMicros(1_700_000_000_000_000),
      fn: 0,
      id: undefined,
      labels: [],
    });
  });

  test("every function by its name, and sum where none or null is named", () => {
    expect(outcome({ agg_func: "max" })).toMatchObject({ ok: true, fn: 3 });
    expect(outcome({ agg_func: null })).toMatchObject({ ok: true, fn: 0 });
    expect(outcome({ agg_func: undefined })).toMatchObject({ ok: true, fn: 0 });
  });

  test("a number as id by its decimal text, so that 7 is '7'", () => {
    expect(outcome({ id: 7 })).toMatchObject({ id: "7" });
    expect(outcome({ id: "7" })).toMatchObject({ id: "7" });
    expect(outcome({ id: 9007199254740991 })).toMatchObject({ id: "9007199254740991" });
    expect(outcome({ id: -0.5 })).toMatchObject({ id: "-0.5" });
    expect(outcome({ id: null })).toMatchObject({ ok: true, id: undefined });
  });

  test("labels of strings, empty ones too, `__proto__` as any other", () => {
    const labels: unknown = JSON.parse('{"zone":"","__proto__":"a"}');
    expect(checkEvent({ ...good, labels }, rules)).toMatchObject({
      labels: [
        ["zone", ""],
        ["__proto__", "a"],
      ],
    });
    expect(outcome({ labels: null })).toMatchObject({ ok: true, labels: [] });
  });

  test("names that a prototype has, and does not normalise Unicode", () => {
    for (const name of ["__proto__", "constructor", "caf\u00e9", "cafe\u0301"]) {
      expect(outcome({ name })).toMatchObject({ ok: true, name });
    }
  });

  test("unknown fields, and takes nothing from an own `__proto__`", () => {
    expect(outcome({ host: [1, { a: 2 }] })).toMatchObject({ ok: true });
    const hidden: unknown = JSON.parse('{"__proto__":{"value":99},"name":"x","timestamp":1}');
    expect(checkEvent(hidden, rules)).toEqual({
      ok: false,
      reason: "invalid_value",
      detail: "value is missing, not a finite number",
    });
  });

  test("both bounds of time", () => {
    expect(outcome({ timestamp: -2_208_988_800 })).toMatchObject({ ok: true });
    expect(outcome({ timestamp: 7_258_118_400 })).toMatchObject({ ok: true });
  });

  test("an integer beyond 2^53 as the nearest double", () => {
    const parsed: unknown = JSON.parse('{"name":"a","value":9007199254740993,"timestamp":1}');
    expect(checkEvent(parsed, rules)).toMatchObject({ ok: true, value: 9007199254740992 });
  });
});

describe("checkEvent() refuses", () => {
  test.each([
    [null, "null"],
    [[], "an array"],
    [7, "7"],
    [true, "true"],
    ["x", '"x"'],
  ])("%p, which is no object", (parsed, text) => {
    expect(checkEvent(parsed, rules)).toEqual(
      refusal("invalid_json", `event is ${text}, not an object`) as never,
    );
  });

  test.each([
    [undefined, "name is missing, not a string"],
    [null, "name is null, not a string"],
    [7, "name is 7, not a string"],
    [["a"], "name is an array, not a string"],
    [{}, "name is an object, not a string"],
    ["", "name is empty"],
    ["a\0b", "name contains a NUL character"],
    ["a\ud800", "name contains a lone surrogate"],
    ["n".repeat(513), "name has 513 bytes of UTF-8, more than 512"],
    ["\u0431".repeat(257), "name has 514 bytes of UTF-8, more than 512"],
  ])("the name %p", (name, detail) => {
    expect(outcome({ name })).toEqual(refusal("invalid_name", detail));
  });

  test.each([
    [undefined, "missing"],
    [null, "null"],
    ["5", '"5"'],
    [true, "true"],
    [[1], "an array"],
    ["x".repeat(100), `"${"x".repeat(56)}\u2026`],
    [`${"x".repeat(55)}\ud83d\ude80\ud83d\ude80`, `"${"x".repeat(55)}\ufffd\u2026`],
  ])("the value %p", (value, text) => {
    expect(outcome({ value })).toEqual(
      refusal("invalid_value", `value is ${text}, not a finite number`),
    );
  });

  test("a value beyond a double", () => {
    const parsed: unknown = JSON.parse('{"name":"a","value":-1e999,"timestamp":1}');
    expect(checkEvent(parsed, rules)).toMatchObject(
      refusal("invalid_value", "value is -Infinity, not a finite number") as object,
    );
  });

  test.each([
    [undefined, "timestamp is missing, not a finite number"],
    ["1700000000", 'timestamp is "1700000000", not a finite number'],
    [
      1700000000000,
      "timestamp 1700000000000 in seconds is outside -2208988800 to 7258118400 s; it looks like milliseconds",
    ],
    [
      1700000000123456,
      "timestamp 1700000000123456 in seconds is outside -2208988800 to 7258118400 s; it looks like microseconds",
    ],
    [
      1.7e18,
      "timestamp 1700000000000000000 in seconds is outside -2208988800 to 7258118400 s; it looks like nanoseconds",
    ],
    [1e300, "timestamp 1e+300 in seconds is outside -2208988800 to 7258118400 s"],
    [
      -2208988800.000001,
      "timestamp -2208988800.000001 in seconds is outside -2208988800 to 7258118400 s",
    ],
    // In milliseconds it is in 1976, when nothing of today was measured.
    [200000000000, "timestamp 200000000000 in seconds is outside -2208988800 to 7258118400 s"],
  ])("the timestamp %p", (timestamp, detail) => {
    expect(outcome({ timestamp })).toEqual(refusal("invalid_timestamp", detail));
  });

  test("a timestamp in seconds where milliseconds are meant and the bounds tell them apart", () => {
    const bounds = {
      unit: "ms" as const,
      timeMin: epochMicros(1_600_000_000_000_000),
      timeMax: epochMicros(1_800_000_000_000_000),
    };
    expect(outcome({ timestamp: 1700000000 }, bounds)).toEqual(
      refusal(
        "invalid_timestamp",
        "timestamp 1700000000 in milliseconds is outside 1600000000 to 1800000000 s; it looks like seconds",
      ),
    );
  });

  test.each([
    ["SUM", '"SUM"'],
    ["", '""'],
    [7, "7"],
    [["sum"], "an array"],
    ["toString", '"toString"'],
  ])("the function %p", (agg_func, text) => {
    expect(outcome({ agg_func })).toEqual(
      refusal("unknown_function", `agg_func is ${text}, not one of sum, avg, min, max`),
    );
  });

  test.each([
    ["", "id is empty"],
    [true, "id is true, not a string"],
    [{}, "id is an object, not a string"],
    ["\0", "id contains a NUL character"],
    ["\udc00", "id contains a lone surrogate"],
    ["i".repeat(513), "id has 513 bytes of UTF-8, more than 512"],
  ])("the id %p", (id, detail) => {
    expect(outcome({ id })).toEqual(refusal("invalid_id", detail));
  });

  test.each(["9007199254740992", "9007199254740993", "-9007199254740993", "1e300"])(
    "the id %s, which JSON.parse may have rounded",
    (id) => {
      const parsed: unknown = JSON.parse(`{"name":"a","value":1,"timestamp":1,"id":${id}}`);
      const detail = `id ${Number(id)} is beyond 2^53, where a number loses digits: send it as a string`;
      expect(checkEvent(parsed, rules)).toEqual(refusal("invalid_id", detail) as never);
    },
  );

  test("an id beyond a double", () => {
    const parsed: unknown = JSON.parse('{"name":"a","value":1,"timestamp":1,"id":1e999}');
    expect(checkEvent(parsed, rules)).toMatchObject(
      refusal("invalid_id", "id is Infinity, not a string") as object,
    );
  });

  test.each([
    [[], "labels is an array, not an object"],
    ["x", 'labels is "x", not an object'],
    [{ zone: 7 }, 'label "zone" is 7, not a string'],
    [{ zone: null }, 'label "zone" is null, not a string'],
    [{ "": "a" }, "label name is empty"],
    [{ "a\0": "a" }, "label name contains a NUL character"],
    [{ zone: "\ud800" }, 'label "zone" contains a lone surrogate'],
    [{ zone: "z".repeat(513) }, 'label "zone" has 513 bytes of UTF-8, more than 512'],
    [
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, "v"])),
      "labels has 65 entries, more than 64",
    ],
  ])("labels, number %#", (labels, detail) => {
    expect(outcome({ labels })).toEqual(refusal("invalid_label", detail));
  });

  test("with the first thing that is wrong, in the order of the fields", () => {
    const bad = { name: 7, value: "x", timestamp: "x", agg_func: "x", id: true, labels: 7 };
    const order = Object.entries(bad).map((_, i, all) => outcome(Object.fromEntries(all.slice(i))));
    expect(order).toMatchObject([
      { reason: "invalid_name" },
      { reason: "invalid_value" },
      { reason: "invalid_timestamp" },
      { reason: "unknown_function" },
      { reason: "invalid_id" },
      { reason: "invalid_label" },
    ]);
  });
});

describe("microsWithin()", () => {
  const wide = { timeMin: epochMicros(-Infinity), timeMax: epochMicros(Infinity) };

  test("looks before it converts: far outside microseconds are no longer whole", () => {
    expect(microsWithin(8.5e9, "s", wide)).toBe(epochMicros(8.5e15));
    expect(microsWithin(8.6e9, "s", wide)).toBeUndefined();
    expect(microsWithin(-8.6e18, "ns", wide)).toBeUndefined();
  });
});
