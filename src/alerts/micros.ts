/** Whole microseconds of Unix seconds, so that times can be added and compared exactly. */
export function microsOf(seconds: number): number {
  return Math.round(seconds * 1e6);
}
