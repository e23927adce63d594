/** Samples of one time span: its end is known to a hundred and twentieth. */
const SAMPLES = 120;

interface Sample {
  readonly at: number;
  readonly value: number;
}

/** How much a counter grew within the last while. One that falls began anew: what it has then is what it grew. */
export class Increase {
  readonly #span: number;
  readonly #samples: Sample[] = [];
  /** What it would be if it had never begun anew. */
  #total = 0;
  #last: number | undefined;

  /** @param span Microseconds. */
  constructor(span: number) {
    this.#span = span;
  }

  /** Takes a sample, and tells the growth within the span before it. The first one has grown by nothing. */
  add(value: number, at: number): number {
    if (this.#last !== undefined) {
      this.#total += value >= this.#last ? value - this.#last : value;
    }
    this.#last = value;
    const samples = this.#samples;
    // Of those that are too old the newest stays: it is where the span begins.
    while (samples.length > 1 && samples[1]!.at <= at - this.#span) samples.shift();
    const newest = samples.at(-1);
    if (newest === undefined || at - newest.at >= this.#span / SAMPLES) {
      samples.push({ at, value: this.#total });
    }
    return this.#total - samples[0]!.value;
  }

  /** The clock was set. */
  shift(by: number): void {
    for (const [i, { at, value }] of this.#samples.entries())
      this.#samples[i] = { at: at + by, value };
  }
}
