import { describe, expect, test } from "bun:test";
import { compare } from "../../../src/pipeline/cases/compare.ts";

const identity = ["name", "labels", "start"];
const row = (more: object = {}) => ({ name: "a", labels: {}, start: 0, value: 1, ...more });

describe("compare()", () => {
  test("finds nothing where all that is expected is there, in any order", () => {
    const received = [row(), row({ start: 60, value: 2 })];
    expect(
      compare(
        [
          { start: 60, value: 2 },
          { name: "a", value: 1 },
        ],
        received,
        { identity },
      ),
    ).toEqual([]);
  });

  test("tells only the fields that differ", () => {
    expect(compare([row({ value: 3 })], [row({ value: 1 })], { identity })).toEqual([
      { kind: "differs", row: row(), fields: [{ field: "value", expected: 3, received: 1 }] },
    ]);
  });

  test("tells missing and unexpected rows", () => {
    const differences = compare([row({ start: 60 })], [row()], { identity });
    expect(differences.map(({ kind }) => kind)).toEqual(["missing", "unexpected"]);
  });

  test("takes no row twice", () => {
    const differences = compare([row(), row()], [row()], { identity });
    expect(differences.map(({ kind }) => kind)).toEqual(["missing"]);
  });

  test("gives an exact match to whom it is right for, whoever comes first", () => {
    const received = [row({ value: 5 }), row({ start: 60, value: 2 })];
    const differences = compare([{ name: "a" }, row({ value: 5 })], received, { identity });
    expect(differences).toEqual([]);
  });

  test("compares labels by content, and detail to its depth", () => {
    const left = { labels: { x: "1", y: "2" }, detail: { bins: [1, { n: 2 }] } };
    const right = { labels: { y: "2", x: "1" }, detail: { bins: [1, { n: 3 }] } };
    expect(compare([left], [right], { identity })).toMatchObject([
      { kind: "differs", fields: [{ field: "detail" }] },
    ]);
  });

  test("lets numbers differ by the tolerance alone, relative to the larger one", () => {
    const options = { identity, tolerance: 1e-3 };
    expect(compare([row({ value: 1000 })], [row({ value: 1000.9 })], options)).toEqual([]);
    expect(compare([row({ value: 1000 })], [row({ value: 1002 })], options)).toHaveLength(1);
    expect(compare([row({ value: 1 })], [row({ value: 1 + 2 ** -52 })], { identity })).toHaveLength(
      1,
    );
  });

  test("looks at what is not expected only when asked to", () => {
    const received = [row({ filled: true })];
    expect(compare([row()], received, { identity })).toEqual([]);
    expect(compare([row()], received, { identity, isWhole: true })).toHaveLength(1);
    const options = { identity, isWhole: true, ignored: ["filled"] };
    expect(compare([row()], received, options)).toEqual([]);
  });
});
