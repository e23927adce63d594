import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { busFunctions, byEvent, functionDefinitions } from "../../src/aggregations/list.ts";
import { testAggregation } from "../contract/aggregations.ts";
import { TIMEOUT_MS } from "../support/effort.ts";
import { promises } from "./promises.ts";

setDefaultTimeout(TIMEOUT_MS);

describe("every function of the list keeps the laws", () => {
  for (const { aggregation, promise } of promises) testAggregation(aggregation, promise);
});

test("there is no function of which no laws are tested, and none twice", () => {
  const names = functionDefinitions.map(({ name }) => name);
  const tested = promises.map(({ aggregation }) => aggregation.name.replace(/\(.*/s, ""));
  expect([...new Set(tested)].toSorted()).toEqual(names.toSorted());
  expect(new Set(names).size).toBe(names.length);
});

test("the functions of the bus are the five, and begin with what an event means that names none", () => {
  expect(busFunctions.map(({ name }) => name)).toEqual(["sum", "avg", "min", "max", "count"]);
  expect(byEvent.functions.map(({ key }) => key)).toEqual(busFunctions.map(({ name }) => name));
});

test("a function is named as its call is written", () => {
  const names = functionDefinitions.map((definition) => {
    switch (definition.parameter) {
      case undefined:
        return definition.make().name;
      case "fraction":
        return definition.make(0.99).name;
      case "bounds":
        return definition.make([1, 2.5, 1e21]).name;
      case "duration":
        return definition.make(300_000_000, "5m").name;
    }
  });
  expect(names.join(" ")).toBe(
    "sum avg min max count first last range delta stddev stddevPop variance variancePop median " +
      'quantile(0.99) rate distinct histogram([1,2.5,1e+21]) ewma("5m")',
  );
});
