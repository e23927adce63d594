import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import { paneLayoutOf } from "../../src/engine/pane-layout.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";

setDefaultTimeout(TIMEOUT_MS);

test("paneLayoutOf() puts every instant into the one pane that holds it, as whole numbers do", () => {
  const any = fc.record({
    time: fc.integer({ min: -2_208_988_800_000_000, max: 7_258_118_400_000_000 }),
    size: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 1e13 })),
    offset: fc.integer({ min: -1e13, max: 1e13 }),
  });
  check(any, 5_000, ({ time, size, offset }) => {
    const layout = paneLayoutOf({
      kind: "tumbling",
      size: durationMicros(size),
      offset: durationMicros(offset),
    });
    const ordinal = layout.ordinalOf(epochMicros(time));
    const behind = (((BigInt(time) - BigInt(offset)) % BigInt(size)) + BigInt(size)) % BigInt(size);
    expect<number>(layout.startOf(ordinal)).toBe(time - Number(behind));
    expect<number>(layout.startOf(ordinal + 1)).toBe(time - Number(behind) + size);
  });
});

test("paneLayoutOf() puts what is on a boundary into the later pane", () => {
  const window = {
    kind: "tumbling",
    size: durationMicros(60),
    offset: durationMicros(15),
  } as const;
  const layout = paneLayoutOf(window);
  expect([-46, -45, 14, 15, 74, 75].map((t) => layout.ordinalOf(epochMicros(t)))).toEqual([
    -2, -1, -1, 0, 0, 1,
  ]);
});
