import { expect, test } from "bun:test";
import { Answer, type AnswerRow, WrongAnswerError } from "./answer.ts";

const rows: readonly AnswerRow[] = [
  { name: "a", agg_func: "sum", window_start: 0, value: 0.6, count: 3 },
  { name: "a", agg_func: "sum", window_start: 60, value: 4, count: 1 },
  { name: "b", agg_func: "max", window_start: 60, value: 7, count: 2 },
];

function answer(): Answer {
  const exact = new Answer({
    names: ["a", "b"],
    functions: ["sum", "max"],
    start: 0,
    windowSeconds: 60,
    windows: 2,
  });
  for (const value of [0.1, 0.2, 0.3]) exact.add(0, 59.999, value);
  exact.add(0, 60, 4);
  for (const value of [7, -7]) exact.add(1, 119, value);
  return exact;
}

test("Answer.check() takes the exact rows in any order, with the error of a double", () => {
  answer().check(rows);
  answer().check(rows.toReversed().map((row) => ({ ...row, value: row.value * (1 + 1e-13) })));
  expect(answer().rows).toBe(3);
});

test.each([
  ["a row is missing", rows.slice(1)],
  ["a row is there twice", [...rows, rows[0]!]],
  ["a row is of nobody", [...rows, { ...rows[0]!, name: "c" }]],
  ["a window has no events", [...rows, { ...rows[2]!, window_start: 0 }]],
  ["a window is outside", [...rows, { ...rows[2]!, window_start: 120 }]],
  ["a value is wrong", [...rows.slice(1), { ...rows[0]!, value: 0.6001 }]],
  ["a value is no number", [...rows.slice(1), { ...rows[0]!, value: Number.NaN }]],
  ["a count is wrong", [...rows.slice(1), { ...rows[0]!, count: 2 }]],
  ["a function is wrong", [...rows.slice(1), { ...rows[0]!, agg_func: "avg" }]],
])("Answer.check() throws when %s", (_, wrong) => {
  expect(() => answer().check(wrong)).toThrow(WrongAnswerError);
});

test("Answer keeps a sum exact that a plain one would lose", () => {
  const exact = new Answer({
    names: ["a"],
    functions: ["sum"],
    start: 0,
    windowSeconds: 60,
    windows: 1,
  });
  for (const value of [1e16, 1, 1, -1e16]) exact.add(0, 0, value);
  exact.check([{ name: "a", agg_func: "sum", window_start: 0, value: 2, count: 4 }]);
});
