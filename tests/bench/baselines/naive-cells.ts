/** What one writes first: `JSON.parse`, and a Map by a joined key. */
export class NaiveCells {
  readonly #cells = new Map<string, { count: number; sum: number; min: number; max: number }>();

  addLines(lines: readonly string[]): void {
    for (const line of lines) if (line !== "") this.add(line);
  }

  add(line: string): void {
    const { name, value, timestamp, agg_func } = JSON.parse(line);
    const key = `${name},${agg_func},${Math.floor(timestamp / 60) * 60}`;
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      cell = { count: 0, sum: 0, min: Infinity, max: -Infinity };
      this.#cells.set(key, cell);
    }
    cell.count++;
    cell.sum += value;
    if (value < cell.min) cell.min = value;
    if (value > cell.max) cell.max = value;
  }

  /** One JSON object a line. */
  rows(): string {
    const rows = [...this.#cells].map(([key, { count, sum, min, max }]) => {
      const [name, agg_func, window_start] = key.split(",");
      const values: Record<string, number> = { sum, avg: sum / count, min, max };
      return JSON.stringify({
        name,
        agg_func,
        window_start: Number(window_start),
        value: values[agg_func!],
        count,
      });
    });
    return `${rows.join("\n")}\n`;
  }
}
