/** What a program says of one window of one series. */
export interface AnswerRow {
  readonly name: string;
  readonly agg_func: string;
  /** Unix seconds. */
  readonly window_start: number;
  readonly value: number;
  readonly count: number;
}

export interface AnswerShape {
  readonly names: readonly string[];
  /** The one function of each name. */
  readonly functions: readonly string[];
  /** Unix seconds: the beginning of the first window. */
  readonly start: number;
  readonly windowSeconds: number;
  readonly windows: number;
}

/** How far a sum of doubles may be from the exact one, relative to it. */
const TOLERANCE = 1e-9;

/** Results told one by one. */
const DIFFERENCES_TOLD = 3;

/** A program gave another answer than the exact one: its time counts for nothing. */
export class WrongAnswerError extends Error {
  override readonly name = "WrongAnswerError";
}

/**
 * The exact answer, gathered while the input is generated: sums carry the error of each addition along, so
 * that they are right to the last digit or two of a double.
 */
export class Answer {
  readonly #shape: AnswerShape;
  readonly #numberOf: ReadonlyMap<string, number>;
  readonly #counts: Uint32Array;
  readonly #sums: Float64Array;
  readonly #errors: Float64Array;
  readonly #least: Float64Array;
  readonly #greatest: Float64Array;

  constructor(shape: AnswerShape) {
    this.#shape = shape;
    this.#numberOf = new Map(shape.names.map((name, i) => [name, i]));
    const cells = shape.names.length * shape.windows;
    this.#counts = new Uint32Array(cells);
    this.#sums = new Float64Array(cells);
    this.#errors = new Float64Array(cells);
    this.#least = new Float64Array(cells).fill(Infinity);
    this.#greatest = new Float64Array(cells).fill(-Infinity);
  }

  /** @param name Number of the name. @param seconds Unix time. */
  add(name: number, seconds: number, value: number): void {
    const { start, windowSeconds, windows } = this.#shape;
    const cell = name * windows + Math.floor((seconds - start) / windowSeconds);
    const sum = this.#sums[cell]!;
    const total = sum + value;
    const rest = total - sum;
    this.#errors[cell]! += sum - (total - rest) + (value - rest);
    this.#sums[cell] = total;
    this.#counts[cell]!++;
    if (value < this.#least[cell]!) this.#least[cell] = value;
    if (value > this.#greatest[cell]!) this.#greatest[cell] = value;
  }

  /** How many rows there are to be. */
  get rows(): number {
    return this.#counts.reduce((rows, count) => (count > 0 ? rows + 1 : rows), 0);
  }

  /** @throws {WrongAnswerError} A row is wrong, missing, there twice, or of nobody. */
  check(rows: Iterable<AnswerRow>): void {
    const problems = this.problems(rows);
    if (problems.length === 0) return;
    const told = problems.slice(0, DIFFERENCES_TOLD).join("; ");
    const more = problems.length - DIFFERENCES_TOLD;
    throw new WrongAnswerError(more > 0 ? `${told}; and ${more} more` : told);
  }

  /** Everything that is wrong with these rows. */
  problems(rows: Iterable<AnswerRow>): string[] {
    const { names, start, windowSeconds, windows } = this.#shape;
    const problems: string[] = [];
    const seen = new Uint8Array(this.#counts.length);
    for (const row of rows) {
      const number = this.#numberOf.get(row.name);
      const window = (row.window_start - start) / windowSeconds;
      const at = `${row.name} at ${row.window_start}`;
      if (number === undefined || !Number.isInteger(window) || window < 0 || window >= windows) {
        problems.push(`a row of nobody: ${at}`);
        continue;
      }
      const cell = number * windows + window;
      if (this.#counts[cell] === 0) problems.push(`a row without events: ${at}`);
      else if (seen[cell] === 1) problems.push(`twice: ${at}`);
      else this.#checkRow(row, { number, cell }, problems);
      seen[cell] = 1;
    }
    for (let cell = 0; cell < seen.length; cell++) {
      if (seen[cell] === 1 || this.#counts[cell] === 0) continue;
      const name = names[Math.floor(cell / windows)]!;
      problems.push(`missing: ${name} at ${start + (cell % windows) * windowSeconds}`);
    }
    return problems;
  }

  #checkRow(
    row: AnswerRow,
    { number, cell }: { readonly number: number; readonly cell: number },
    problems: string[],
  ): void {
    const at = `${row.name} at ${row.window_start}`;
    const fn = this.#shape.functions[number]!;
    const count = this.#counts[cell]!;
    const value = this.#value(cell, fn);
    if (row.agg_func !== fn) problems.push(`${at}: ${row.agg_func} where it is ${fn}`);
    else if (row.count !== count) problems.push(`${at}: ${row.count} events, not ${count}`);
    else if (!(Math.abs(row.value - value) <= TOLERANCE * Math.max(1, Math.abs(value)))) {
      problems.push(`${at}: ${fn} ${row.value}, not ${value}`);
    }
  }

  #value(cell: number, fn: string): number {
    const sum = this.#sums[cell]! + this.#errors[cell]!;
    if (fn === "sum") return sum;
    if (fn === "avg") return sum / this.#counts[cell]!;
    return fn === "min" ? this.#least[cell]! : this.#greatest[cell]!;
  }
}
