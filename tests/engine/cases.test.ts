import { describe, expect, test } from "bun:test";
import { ruleOf, SECOND } from "../support/engine-input.ts";
import { feed } from "../support/feed.ts";

/** Each case holds for every way of cutting the input. */
const BATCHES = [1, 2, 3, 8_192];

function ndjson(events: readonly Readonly<Record<string, unknown>>[]): Uint8Array {
  return new TextEncoder().encode(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

const brief = (fed: ReturnType<typeof feed>) =>
  fed.rows.map(({ name, agg_func, start, value, count }) => [
    `${name} ${agg_func}`,
    start / SECOND,
    value,
    count,
  ]);

describe("a fraction of a second before a boundary", () => {
  // Each value another power of two, so that a wrong window shows in the sum.
  const midnight = 1_709_251_200; // 2024-03-01T00:00:00Z
  const times = [-0.500001, -0.5, -0.000001, -0.0000002, 0, 0.0000002, 59.999, 60];
  const input = ndjson(
    times.map((time, i) => ({ name: "edge", value: 2 ** i, timestamp: midnight + time })),
  );

  test.each(BATCHES)("stays in its minute, in batches of %i", (batch) => {
    expect(brief(feed(input, { rules: [ruleOf({ size: 60 })], batch }))).toEqual([
      ["edge sum", midnight - 60, 15, 4],
      ["edge sum", midnight, 112, 3],
      ["edge sum", midnight + 60, 128, 1],
    ]);
  });

  test.each(BATCHES)("stays in its day, in batches of %i", (batch) => {
    expect(brief(feed(input, { rules: [ruleOf({ size: 86_400 })], batch }))).toEqual([
      ["edge sum", midnight - 86_400, 15, 4],
      ["edge sum", midnight, 240, 4],
    ]);
  });
});

describe("a late event", () => {
  const start = 1_729_857_000;
  const arrivals = [
    [10, 0],
    [20, 30],
    [5, 61],
    [7, 45], // late, but within the allowance
    [1, 75],
    [2, 95],
    [1000, 59.5], // beyond it
    [3, 60], // out of order, yet on time
  ] as const;
  const input = ndjson(
    arrivals.map(([value, at]) => ({ name: "flows", value, timestamp: start + at })),
  );

  test.each(BATCHES)(
    "corrects the row inside the allowance, is counted beyond it (%i)",
    (batch) => {
      const fed = feed(input, { rules: [ruleOf({ lateness: 30 })], batch });
      expect(brief(fed)).toEqual([
        ["flows sum", start, 37, 3],
        ["flows sum", start + 60, 11, 4],
      ]);
      expect(fed.refused).toEqual([{ line: 7, reason: "late" }]);
      expect(fed.ledger).toMatchObject({ received: 8, aggregated: 7, late: 1 });
    },
  );
});

describe("names that are properties of objects", () => {
  const names = [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "prototype",
    "__defineGetter__",
    "length",
    "good",
  ];
  const at = 1_729_860_000;
  const events = [0, 1].flatMap((second) =>
    names.map((name, i) => ({ name, value: i + 1, timestamp: at + second })),
  );
  const own = [
    `{"__proto__":{"value":99},"name":"x","timestamp":${at + 3}}`,
    `{"__proto__":{"polluted":true},"name":"good","value":1000,"timestamp":${at + 4}}`,
  ];
  const input = Buffer.concat([ndjson(events), Buffer.from(`${own.join("\n")}\n`)]);

  test.each(BATCHES)("are series of their own, in batches of %i", (batch) => {
    const fed = feed(input, { rules: [ruleOf()], batch });
    const wanted = names.map((name, i) => [
      `${name} sum`,
      at,
      name === "good" ? 1_018 : 2 * (i + 1),
      name === "good" ? 3 : 2,
    ]);
    expect(new Set(brief(fed).map(String))).toEqual(new Set(wanted.map(String)));
    expect(fed.refused).toEqual([{ line: 19, reason: "invalid_value" }]);
    expect(fed.ledger).toMatchObject({ received: 20, aggregated: 19, invalid: 1 });
  });
});
