const BARS = "▁▂▃▄▅▆▇█";

/**
 * The last `columns` values as bars between 0 and the largest of them. What is unknown is a space.
 *
 * @example
 * ```ts
 * sparkline([0, 5, 10], 3); // => "▁▅█"
 * ```
 */
export function sparkline(values: readonly (number | undefined)[], columns: number): string {
  const shown = columns <= 0 ? [] : values.slice(-columns);
  const top = Math.max(0, ...shown.filter((value) => value !== undefined));
  return shown
    .map((value) => {
      if (value === undefined) return " ";
      const height = top === 0 ? 0 : Math.round((Math.max(value, 0) / top) * (BARS.length - 1));
      return BARS[height]!;
    })
    .join("");
}
