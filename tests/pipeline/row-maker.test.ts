import { describe, expect, test } from "bun:test";
import { epochMicros } from "../../src/core/time.ts";
import type { EngineRow } from "../../src/engine/engine-row.ts";
import { type RowIdentity, rowId, rowOf } from "../../src/pipeline/row-maker.ts";

type Parts = readonly [
  pipeline: string,
  rule: string,
  name: string,
  labels: RowIdentity["labels"],
  agg_func: string,
  start: number,
];

/**
 * Computed by Python, which shares nothing with the program:
 *
 * ```python
 * text = json.dumps([pipeline, rule, name, labels, agg_func, start], ensure_ascii=False,
 *                   separators=(",", ":"))
 * b = bytearray(hashlib.sha256(text.encode("utf-8")).digest()[:16])
 * b[6] = b[6] & 0x0F | 0x80
 * b[8] = b[8] & 0x3F | 0x80
 * uuid.UUID(bytes=bytes(b))
 * ```
 */
const VECTORS: readonly (readonly [what: string, parts: Parts, id: string])[] = [
  [
    "a plain series",
    ["plant-7", "per_minute", "cpu", [], "sum", 1_700_000_040_000_000],
    "e694551a-fca3-87fa-9a74-c84c624918d5",
  ],
  [
    "another function",
    ["plant-7", "per_minute", "cpu", [], "avg", 1_700_000_040_000_000],
    "4a251537-3fd1-882e-9f95-49970ed5ad49",
  ],
  [
    "labels",
    [
      "plant-7",
      "per_minute",
      "cpu",
      [
        ["host", "a"],
        ["zone", "b"],
      ],
      "sum",
      1_700_000_040_000_000,
    ],
    "44057365-aaad-855f-a951-4bb0b92bb389",
  ],
  [
    "a label that looks like two",
    ["plant-7", "per_minute", "cpu", [["host", "a,b"]], "sum", 1_700_000_040_000_000],
    "ec97c838-229e-82d0-a443-0061f325e326",
  ],
  [
    "names of object properties, and the epoch",
    ["plant-7", "per_minute", "__proto__", [["__proto__", "constructor"]], "max", 0],
    "b8e440bf-cb4d-880f-a89f-fdb3ac18293a",
  ],
  [
    "letters beyond ASCII, and a time before the epoch",
    ["завод", "по_минутам", "Größe-日本 🏭", [["ort", "Köln"]], "quantile(0.99)", -86_400_000_000],
    "7a3eb5dd-bba7-86f8-9aeb-d593b6b29619",
  ],
  [
    "characters that JSON escapes, and some that it does not",
    ["p", "r", 'a"b\\c\n\t\u001f\u007f\u2028/', [], "min", 1],
    "3d27de55-7b2e-88cd-ba0b-814bf062cbe4",
  ],
  [
    "an empty name, and the last microsecond of the year 2199",
    ["p", "r", "", [], "count", 7_258_118_399_999_999],
    "1f02c706-18ea-831c-96b5-4fc1bf622d14",
  ],
];

describe("rowId()", () => {
  test.each(VECTORS)("is the one that Python computes: %s", (_, parts, id) => {
    const [pipeline, rule, name, labels, agg_func, start] = parts;
    const identity = { pipeline, rule, name, labels, agg_func, start: epochMicros(start) };
    expect(rowId(identity)).toBe(id);
  });

  test("is a UUID of version 8 and the variant of RFC 9562, whatever the hash", () => {
    const ids = Array.from({ length: 1_000 }, (_, start) =>
      rowId({
        pipeline: "p",
        rule: "r",
        name: "n",
        labels: [],
        agg_func: "sum",
        start: epochMicros(start),
      }),
    );
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("rowOf()", () => {
  const engineRow: EngineRow = {
    rule: "per_minute",
    name: "cpu",
    agg_func: "sum",
    start: epochMicros(1_700_000_040_000_000),
    end: epochMicros(1_700_000_100_000_000),
    value: 12.5,
    count: 3,
    revision: 2,
    labels: [],
    partial: false,
    overflow: false,
    filled: false,
    withdrawn: false,
    detail: undefined,
  };
  const plain = {
    id: "e694551a-fca3-87fa-9a74-c84c624918d5",
    pipeline: "plant-7",
    rule: "per_minute",
    name: "cpu",
    labels: {},
    agg_func: "sum",
    window_start: 1_700_000_040,
    window_end: 1_700_000_100,
    value: 12.5,
    count: 3,
    revision: 2,
  };

  /** With its fields in their order: absent ones are not there, not even as undefined. */
  function entriesOf(more: Partial<EngineRow>): [string, unknown][] {
    return Object.entries(rowOf("plant-7", { ...engineRow, ...more }));
  }

  test("has the fields of the contract and no optional one", () => {
    expect(entriesOf({})).toEqual(Object.entries(plain));
  });

  test("says partial, and nothing else, of a partial window", () => {
    expect(entriesOf({ partial: true })).toEqual(Object.entries({ ...plain, partial: true }));
  });

  test("says overflow, and nothing else, of a value beyond a double", () => {
    const overflown = { ...plain, value: null, overflow: true };
    expect(entriesOf({ value: null, overflow: true })).toEqual(Object.entries(overflown));
  });

  test("says both when both are so", () => {
    const both = { ...plain, value: null, partial: true, overflow: true };
    expect(entriesOf({ value: null, partial: true, overflow: true })).toEqual(Object.entries(both));
  });

  test("keeps fractions of a second, and a zero that is a value", () => {
    const row = rowOf("plant-7", { ...engineRow, start: epochMicros(-1_500_000), value: 0 });
    expect(row).toMatchObject({ window_start: -1.5, value: 0 });
    expect(Object.keys(row)).not.toContain("overflow");
  });
});
