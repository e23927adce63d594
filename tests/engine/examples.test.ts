import { describe, expect, test } from "bun:test";
import { examples } from "../support/oracle/examples.ts";
import { type Example, type Played, playEngine, playOracle } from "../support/oracle/script.ts";

function expectRight(played: Played, { rows, refused = [], ledger = {} }: Example): void {
  expect(played.rows).toEqual(rows.toSorted());
  expect(played.refused).toEqual([...refused]);
  expect(played.ledger).toMatchObject(ledger);
}

describe.each([...examples])("worked out by hand, $title", (example) => {
  test("the oracle", () => expectRight(playOracle(example), example));

  test("the engine", () => expectRight(playEngine(example, false), example));

  test("the engine, rows collected after every event", () => {
    expectRight(playEngine(example, true), example);
  });
});
