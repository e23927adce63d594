import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { Duel } from "../support/oracle/duel.ts";
import { rules, sessionRules } from "../support/oracle/rules.ts";
import { calm, scenarioOf } from "../support/oracle/scenario.ts";

setDefaultTimeout(TIMEOUT_MS);

describe("Engine equals the naive oracle", () => {
  test("for any rules, any stream and any course of a day", () => {
    check(scenarioOf(), 1_500, (scenario) => new Duel(scenario).run());
  });

  test("for any rules, where few series meet in few windows", () => {
    check(scenarioOf(rules, calm), 1_500, (scenario) => new Duel(scenario).run());
  });

  test("for sessions that meet", () => {
    check(scenarioOf(sessionRules, calm), 1_500, (scenario) => new Duel(scenario).run());
  });
});

describe("The scenarios", () => {
  const kinds = ["tumbling", "hopping", "session", "calendar"];
  const told = ["partial", "told again", "told early", "with labels"];
  const fills = ["zero", "null", "previous"].map((fill) => `filled with ${fill}`);
  const wanted = [
    ...kinds,
    ...kinds.flatMap((kind) => told.map((mark) => `${kind}, ${mark}`)),
    ...["tumbling", "hopping", "calendar"].flatMap((kind) =>
      fills.map((fill) => `${kind}, ${fill}`),
    ),
    "session, withdrawn",
    "tumbling from another",
    "calendar from another",
    "aggregated",
    "duplicate",
    "filtered",
    "rule_failed",
    "future",
    "late",
    "late_partial",
    "over_limit",
  ];

  test("go everywhere that they are to go", () => {
    const met = new Set<string>();
    const samples = [scenarioOf(), scenarioOf(sessionRules, calm)].flatMap((scenarios) =>
      fc.sample(scenarios, { numRuns: 500, seed: 5 }),
    );
    for (const scenario of samples) {
      const duel = new Duel(scenario);
      duel.run();
      for (const mark of duel.met) met.add(mark);
    }
    expect(wanted.filter((mark) => !met.has(mark))).toEqual([]);
  });
});
