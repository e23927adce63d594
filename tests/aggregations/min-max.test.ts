import { expect, test } from "bun:test";
import { max } from "../../src/aggregations/max.ts";
import { min } from "../../src/aggregations/min.ts";

test.each([
  [[5], 5, 5],
  [[-1.5, 3, -7], -7, 3],
  [
    [1.7976931348623157e308, -1.7976931348623157e308],
    -1.7976931348623157e308,
    1.7976931348623157e308,
  ],
  [[5e-324, -5e-324], -5e-324, 5e-324],
])("min and max of %p are %p and %p", (values, smallest, largest) => {
  const cells = new Float64Array(2);
  min.init(cells, 0);
  max.init(cells, 1);
  for (const value of values) {
    min.add(cells, 0, value);
    max.add(cells, 1, value);
  }
  expect([min.result(cells, 0, 1), max.result(cells, 1, 1)]).toEqual([smallest, largest]);
});
