import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { PANES_MAX } from "../../src/core/limits.ts";
import { epochMicros } from "../../src/core/time.ts";
import { Pane } from "../../src/engine/pane.ts";
import { PaneRing } from "../../src/engine/pane-ring.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";

setDefaultTimeout(TIMEOUT_MS);

function paneOf(ordinal: number): Pane {
  const pane = new Pane();
  pane.open(ordinal, epochMicros(ordinal), epochMicros(ordinal + 1));
  return pane;
}

describe("PaneRing", () => {
  test("finds what a plain list would, for any order of adding and removing", () => {
    const ordinal = fc.oneof(
      fc.integer({ min: -40, max: 40 }),
      fc.integer({ min: -3, max: 3 }).map((n) => n * PANES_MAX + 1),
      fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
    );
    const steps = fc.array(fc.oneof(ordinal, fc.constant("remove" as const)), { maxLength: 60 });
    check(steps, 500, (list) => {
      const ring = new PaneRing(3);
      let held: number[] = [];
      for (const step of list) {
        if (step === "remove") {
          if (held.length > 0) ring.removeOldest();
          held = held.slice(1);
        } else if (!held.includes(step)) {
          expect(ring.get(step)).toBeUndefined();
          ring.add(paneOf(step));
          held = [...held, step].sort((a, b) => a - b);
        }
        expect(ring.held.map((pane) => pane.ordinal)).toEqual(held);
        for (const one of held) expect(ring.get(one)?.ordinal).toBe(one);
        for (const other of [-50, 0, 1, PANES_MAX + 1, 2 ** 40]) {
          expect(ring.get(other) !== undefined).toBe(held.includes(other));
        }
      }
    });
  });

  test("keeps panes apart that not even the largest ring could hold side by side", () => {
    const ring = new PaneRing(1);
    for (const n of [0, PANES_MAX, 2 * PANES_MAX]) ring.add(paneOf(n));
    expect([0, PANES_MAX, 2 * PANES_MAX].map((n) => ring.get(n)?.ordinal)).toEqual([
      0,
      PANES_MAX,
      2 * PANES_MAX,
    ]);
    ring.removeOldest();
    expect(ring.get(0)).toBeUndefined();
    expect(ring.get(2 * PANES_MAX)?.ordinal).toBe(2 * PANES_MAX);
  });

  test("gives back a few cleared panes, not all of them", () => {
    const ring = new PaneRing(1);
    const panes = Array.from({ length: 10 }, (_, i) => paneOf(i));
    for (const pane of panes) ring.recycle(pane);
    const spares = panes.map(() => ring.spare()).filter((pane) => pane !== undefined);
    expect(spares).toHaveLength(4);
  });
});
