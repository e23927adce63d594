/** The distance from a double to the next. */
export function ulp(x: number): number {
  return Math.max(2 ** (Math.floor(Math.log2(Math.abs(x) || 5e-324)) - 52), 5e-324);
}
