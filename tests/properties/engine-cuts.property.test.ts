import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { RuleSettings } from "../../src/core/settings.ts";
import { durationMicros } from "../../src/core/time.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { type Course, Duel } from "../support/oracle/duel.ts";
import { rules, sessionRules } from "../support/oracle/rules.ts";
import { calm, type Scenario, scenarioOf } from "../support/oracle/scenario.ts";

setDefaultTimeout(TIMEOUT_MS);

/**
 * A gap that a late event makes, after rows were collected, and the value before a gap that it changes,
 * hang on when that was: where gaps are filled no event is late within the allowance.
 */
function withoutLateFills(all: readonly RuleSettings[]): RuleSettings[] {
  return all.map((rule) => {
    const isSettled = rule.fill === undefined || rule.emit === "final";
    return isSettled ? rule : { ...rule, allowedLateness: durationMicros(0) };
  });
}

const any = fc.oneof(
  scenarioOf(rules.map(withoutLateFills)),
  scenarioOf(rules.map(withoutLateFills), calm),
  scenarioOf(sessionRules, calm),
);

function finalRows(scenario: Scenario, course: Course): unknown[] {
  const duel = new Duel(scenario);
  duel.run(course);
  return duel.rows.map((row) => ({ ...row, revision: 0 }));
}

describe("Engine gives the same final rows", () => {
  test("however many events one call brings", () => {
    check(fc.tuple(any, fc.integer({ min: 1, max: 4 })), 500, ([scenario, cut]) => {
      const whole = finalRows(scenario, {});
      expect(finalRows(scenario, { cut })).toEqual(whole);
      expect(finalRows(scenario, { cut: 1 })).toEqual(whole);
    });
  });

  test("however often rows are collected", () => {
    check(fc.tuple(any, fc.integer({ min: 1, max: 4 })), 500, ([scenario, cut]) => {
      expect(finalRows(scenario, { cut, eager: true })).toEqual(finalRows(scenario, {}));
    });
  });

  test("stored and read back after any event", () => {
    // The clock by which a partition is idle begins anew with the process, so it stands still here.
    const still = any.map((one): Scenario => {
      const steps = one.steps.filter(({ kind }) => kind !== "idle");
      return { ...one, steps };
    });
    check(fc.tuple(still, fc.integer({ min: 1, max: 4 })), 200, ([scenario, cut]) => {
      expect(finalRows(scenario, { cut, restarts: true })).toEqual(finalRows(scenario, {}));
    });
  });
});
