import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { isBeyond, newMachine, step } from "../../src/alerts/machine.ts";
import type { Threshold } from "../../src/core/alert-settings.ts";
import { FLAPS_MAX } from "../../src/core/limits.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";

interface Look {
  readonly at: number;
  readonly value: number;
}

/**
 * What an alert is after each look, told from all looks so far and from the definition alone: it keeps nothing
 * but the list, and walks it from its end.
 */
function oracle(looks: readonly Look[], policy: Policy): string[] {
  return looks.map((_, last) => stateAfter(looks.slice(0, last + 1), policy));
}

interface Policy {
  readonly for: number;
  readonly keepFiring: number;
  readonly threshold: Threshold;
}

const beyond = (value: number, { side }: Threshold, bound: number): boolean =>
  side === "above" ? value > bound : value < bound;

/** It fires if some look fired it, and since then it was never in order for `keepFiring` on end. */
function stateAfter(looks: readonly Look[], policy: Policy): string {
  const { threshold } = policy;
  let from = 0;
  for (;;) {
    const fired = firstFiring(looks, from, policy);
    if (fired === undefined) break;
    const ended = firstEnd(looks, fired, policy);
    if (ended === undefined) return "firing";
    from = ended + 1;
  }
  const last = looks.at(-1);
  if (last === undefined || looks.length <= from) return "inactive";
  return beyond(last.value, threshold, threshold.limit) ? "pending" : "inactive";
}

/** The first look from `from` on before which it was out of order for `for` on end. */
function firstFiring(looks: readonly Look[], from: number, policy: Policy): number | undefined {
  for (let i = from; i < looks.length; i++) {
    let began = i;
    const isOut = (at: number): boolean =>
      beyond(looks[at]!.value, policy.threshold, policy.threshold.limit);
    if (!isOut(i)) continue;
    while (began > from && isOut(began - 1)) began--;
    if (looks[i]!.at - looks[began]!.at >= policy.for) return i;
  }
  return undefined;
}

/** The first look behind `fired` before which it was in order for `keepFiring` on end. */
function firstEnd(looks: readonly Look[], fired: number, policy: Policy): number | undefined {
  const isCalm = (at: number): boolean =>
    !beyond(looks[at]!.value, policy.threshold, policy.threshold.until);
  for (let i = fired + 1; i < looks.length; i++) {
    if (!isCalm(i)) continue;
    let began = i;
    while (began - 1 > fired && isCalm(began - 1)) began--;
    if (looks[i]!.at - looks[began]!.at >= policy.keepFiring) return i;
  }
  return undefined;
}

const policies = fc
  .record({
    side: fc.constantFrom("above" as const, "below" as const),
    limit: fc.integer({ min: 3, max: 7 }),
    hysteresis: fc.integer({ min: 0, max: 3 }),
    for: fc.integer({ min: 0, max: 6 }),
    keepFiring: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ side, limit, hysteresis, ...rest }): Policy => {
    const until = side === "above" ? limit - hysteresis : limit + hysteresis;
    return { ...rest, threshold: { side, limit, until } };
  });

const series = fc.array(
  fc.record({ gap: fc.integer({ min: 0, max: 4 }), value: fc.integer({ min: 0, max: 10 }) }),
  { maxLength: 40 },
);

setDefaultTimeout(TIMEOUT_MS);

test("an alert is what its definition says of all looks together", () => {
  check(fc.tuple(policies, series), 2_000, ([policy, steps]) => {
    let at = 1_000;
    const looks = steps.map(({ gap, value }) => {
      at += gap;
      return { at, value };
    });
    const machine = newMachine();
    const states = looks.map(({ at: now, value }): string => {
      const isOut = isBeyond(value, policy.threshold, machine.state === "firing");
      step(machine, policy, { isOut, at: now });
      // Flapping is another rule, tested by itself.
      if (machine.fired.length >= FLAPS_MAX) machine.fired = [];
      return machine.state;
    });
    expect(states).toEqual(oracle(looks, policy));
  });
});
