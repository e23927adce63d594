import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { Evaluator } from "../../src/alerts/evaluator.ts";
import type { AlertSettings } from "../../src/core/alert-settings.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { alertOf, seconds } from "./alert-settings.ts";

setDefaultTimeout(TIMEOUT_MS);

const alerts: readonly AlertSettings[] = [
  alertOf({ name: "signal", for: seconds(3), keepFiring: seconds(2) }),
  alertOf({
    name: "rows",
    for: seconds(10),
    when: {
      kind: "rows",
      match: { name: ["a", "b"] },
      field: "value",
      threshold: { side: "above", limit: 6, until: 4 },
      staleAfter: seconds(60),
    },
  }),
  alertOf({
    name: "absence",
    for: seconds(5),
    when: { kind: "absence", match: { name: ["*"] }, after: seconds(25) },
  }),
];

type Step =
  | {
      readonly kind: "rows";
      readonly gap: number;
      readonly names: readonly string[];
      readonly value: number;
    }
  | { readonly kind: "idle"; readonly gap: number }
  | { readonly kind: "sample"; readonly gap: number; readonly value: number };

const value = fc.integer({ min: 0, max: 10 });
const gap = fc.integer({ min: 0, max: 3 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("rows" as const),
      gap,
      names: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }),
      value,
    }),
    fc.record({ kind: fc.constant("idle" as const), gap }),
    fc.record({ kind: fc.constant("sample" as const), gap, value: value.map((n) => n * 15) }),
  ),
  { maxLength: 40 },
);

/** What changes, when after every so many steps the process dies and goes on with what was kept. */
function story(list: readonly Step[], restartEvery: number): string[] {
  const told: string[] = [];
  let evaluator = new Evaluator(alerts);
  let at = 0;
  for (const [i, step] of list.entries()) {
    at += step.gap * 5;
    if (step.kind === "rows") {
      const rows = step.names.map((name) => rowOf(name, at, step.value));
      evaluator.rows(rows, at * 1e6);
    }
    if (step.kind === "sample") {
      const sample = { name: "outbox_rows", labels: { sink: "s" }, value: step.value };
      evaluator.sample({ signal: [sample] }, at * 1e6);
    } else {
      evaluator.advance(at * 1e6);
    }
    for (const { settings, key, to, at: when, value: shown } of evaluator.takeChanges()) {
      told.push(`${settings.name} ${key} ${to} at ${when} ${shown}`);
    }
    if ((i + 1) % restartEvery !== 0) continue;
    const kept = JSON.parse(JSON.stringify(evaluator.store())) as ReturnType<Evaluator["store"]>;
    evaluator = new Evaluator(alerts);
    expect(evaluator.restore(kept)).toEqual([]);
  }
  return told;
}

function rowOf(name: string, at: number, height: number): ResultRow {
  return {
    id: "",
    pipeline: "p",
    rule: "r",
    name,
    labels: { host: "h" },
    agg_func: "max",
    window_start: at - 5,
    window_end: at,
    value: height,
    count: 1,
    revision: 0,
  };
}

test("alerts that are restored after any look go on as if nothing had happened", () => {
  check(fc.tuple(steps, fc.integer({ min: 1, max: 4 })), 500, ([list, restartEvery]) => {
    expect(story(list, restartEvery)).toEqual(story(list, Infinity));
  });
});
