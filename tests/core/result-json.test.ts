import { describe, expect, test } from "bun:test";
import type { ResultRow } from "../../src/core/result.ts";
import { labelsToJson, rowToJson } from "../../src/core/result-json.ts";

const row: ResultRow = {
  id: "0f3e8c1a-5b6d-8e7f-9a0b-1c2d3e4f5a6b",
  pipeline: "plant-7",
  rule: "per_minute",
  name: "cpu",
  labels: {},
  agg_func: "sum",
  window_start: 1700000040,
  window_end: 1700000100,
  value: 12.5,
  count: 3,
  revision: 0,
};

describe("rowToJson()", () => {
  test("writes the fields in the order of the contract, whatever their order in memory", () => {
    const backwards = Object.fromEntries(Object.entries(row).reverse());
    const text =
      '{"id":"0f3e8c1a-5b6d-8e7f-9a0b-1c2d3e4f5a6b","pipeline":"plant-7","rule":"per_minute",' +
      '"name":"cpu","labels":{},"agg_func":"sum","window_start":1700000040,' +
      '"window_end":1700000100,"value":12.5,"count":3,"revision":0}';
    expect(rowToJson(row)).toBe(text);
    // Object.fromEntries loses the type of the row.
    expect(rowToJson(backwards as unknown as ResultRow)).toBe(text);
  });

  test("adds optional fields only when they are so, in their order", () => {
    const full = rowToJson({
      ...row,
      value: null,
      withdrawn: true,
      overflow: true,
      filled: true,
      partial: true,
      detail: { buckets: [1, 2] },
    });
    expect(full).toEndWith(
      '"value":null,"count":3,"revision":0,"detail":{"buckets":[1,2]},"partial":true,' +
        '"filled":true,"overflow":true,"withdrawn":true}',
    );
  });

  test("keeps every character of a string, and times of a fraction or before 1970", () => {
    const hostile = {
      ...row,
      name: `"\\\u0001\u2028\n💧é`,
      window_start: -0.5,
      window_end: 1700000040.123456,
    };
    const text = rowToJson(hostile);
    expect(text).not.toContain("\n");
    expect(JSON.parse(text)).toEqual(hostile);
  });

  test("writes no negative zero", () => {
    expect(rowToJson({ ...row, value: -0 })).toContain('"value":0,');
  });
});

describe("labelsToJson()", () => {
  test("sorts by key in code units, numbers too", () => {
    expect(labelsToJson({ b: "2", 10: "x", 9: "y", B: "1", é: "3" })).toBe(
      '{"10":"x","9":"y","B":"1","b":"2","é":"3"}',
    );
  });

  test("writes __proto__ like any other label", () => {
    const labels: Record<string, string> = Object.create(null);
    labels["__proto__"] = "a";
    labels["constructor"] = 'b"';
    expect(labelsToJson(labels)).toBe('{"__proto__":"a","constructor":"b\\""}');
  });
});
