import { expect, test } from "bun:test";
import { max } from "../../src/aggregations/max.ts";
import { min } from "../../src/aggregations/min.ts";
import { epochMicros } from "../../src/core/time.ts";

const window = { count: 1, start: epochMicros(0), end: epochMicros(1) };

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
    min.add(cells, 0, value, 0);
    max.add(cells, 1, value, 0);
  }
  expect([min.result(cells, 0, window), max.result(cells, 1, window)]).toEqual([smallest, largest]);
});
