import { describe, expect, test } from "bun:test";
import { functionDefinitions } from "../../src/aggregations/list.ts";
import { functionNamed } from "../../src/aggregations/named.ts";
import type { Aggregation, FunctionDefinition } from "../../src/core/aggregation.ts";

function someOf(definition: FunctionDefinition): Aggregation[] {
  switch (definition.parameter) {
    case undefined:
      return [definition.make()];
    case "fraction":
      return [0, 0.99, 1, 1e-7].map((q) => definition.make(q));
    case "bounds":
      return [[1], [-2.5, 0, 1e21]].map((bounds) => definition.make(bounds));
    case "duration":
      return [definition.make(300e6, "5m"), definition.make(1.5e6, "1.5s")];
  }
}

describe("functionNamed()", () => {
  test.each([...functionDefinitions])("finds $name as it calls itself", (definition) => {
    for (const made of someOf(definition)) {
      const found = functionNamed(made.name);
      expect(found).toBeDefined();
      expect({ name: found!.name, kind: found!.kind }).toEqual({
        name: made.name,
        kind: made.kind,
      });
    }
  });

  test.each([
    "",
    "sums",
    "sum()",
    "sum(1)",
    "quantile",
    "quantile(2)",
    'quantile("0.5")',
    "quantile(0.50)",
    "histogram([2,1])",
    "histogram([])",
    'ewma("5 minutes")',
    "ewma(5)",
    "__proto__",
    "toString",
  ])("finds none for %j", (text) => {
    expect(functionNamed(text)).toBeUndefined();
  });
});
