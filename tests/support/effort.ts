import fc from "fast-check";

/** Whether the long form of the tests was asked for: before an issue is called resolved. */
export const isFull = process.env["FULL"] === "1" || process.env["TEST_EFFORT"] === "full";

/** How often a property is tried: `usual` times, and thirty times that in the long form. */
export function runs(usual: number): { readonly numRuns: number } {
  return { numRuns: isFull ? usual * 30 : usual };
}

/** Holds `property` for values of `arbitrary`. A failure prints the seed, with which it comes again. */
export function check<T>(
  arbitrary: fc.Arbitrary<T>,
  usual: number,
  property: (value: T) => void,
): void {
  fc.assert(fc.property(arbitrary, property), runs(usual));
}
