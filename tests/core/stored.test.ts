import { expect, test } from "bun:test";
import { doublesOf, integersOf, PageCollector } from "../../src/core/stored.ts";

test.each([
  ["bytes", (bytes: Uint8Array) => bytes],
  ["a part of a Buffer, as what was sealed is", inTheMiddle],
])("numbers are read back as they were: from %s", (_, given) => {
  const into = new PageCollector();
  into.numbers("doubles", Float64Array.of(1.5, -0, Infinity));
  into.numbers("integers", Int32Array.of(-1, 7));
  const [doubles, integers] = into.put.map(({ bytes }) => given(bytes));
  const read = doublesOf(doubles!);
  expect([...read]).toEqual([1.5, -0, Infinity]);
  expect([...integersOf(integers!)]).toEqual([-1, 7]);
  // A copy: what the bytes become later is nothing to it.
  doubles!.fill(0);
  expect(read[0]).toBe(1.5);
});

function inTheMiddle(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("in front"), bytes, Buffer.from("behind")]).subarray(
    8,
    8 + bytes.length,
  );
}
