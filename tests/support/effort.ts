import fc from "fast-check";

/** Whether the long form of the tests was asked for: before an issue is called resolved. */
export const isFull = process.env["FULL"] === "1" || process.env["TEST_EFFORT"] === "full";

/** Properties take seconds on a busy machine, and minutes in the long form: for `setDefaultTimeout`. */
export const TIMEOUT_MS = isFull ? 900_000 : 60_000;

const RUNS_PER_COLLECTION = 250;

/** How often a property is tried: `usual` times, and thirty times that in the long form. */
export function runs(usual: number): number {
  return isFull ? usual * 30 : usual;
}

/** Holds `property` for values of `arbitrary`. A failure prints the seed, with which it comes again. */
export function check<T>(
  arbitrary: fc.Arbitrary<T>,
  usual: number,
  property: (value: T) => void,
): void {
  const options = { numRuns: runs(usual), includeErrorInReport: true };
  let tried = 0;
  const tidied = (value: T): void => {
    // In a process that has run many tests the collector lets gigabytes of engines pile up.
    if (++tried % RUNS_PER_COLLECTION === 0) Bun.gc(true);
    property(value);
  };
  fc.assert(fc.property(arbitrary, tidied), options);
}
