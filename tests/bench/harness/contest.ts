/** One run of one program. */
export interface Sample {
  readonly seconds: number;
  readonly cpuSeconds?: number | undefined;
  readonly peakMiB?: number | undefined;
  /** What else was measured, by its key. */
  readonly extra?: Readonly<Record<string, number>>;
}

export interface Contestant {
  readonly name: string;
  /** Runs once and checks the answer. Throws when that is wrong: then no time counts. */
  run(): Promise<Sample>;
}

/** A contestant with one sample a round. */
export interface Standing {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/** Runs all of them in turns, so that a slow minute of the machine is shared by all. */
export async function contest(
  contestants: readonly Contestant[],
  { rounds, say }: { readonly rounds: number; readonly say: (text: string) => void },
): Promise<Standing[]> {
  const samples = contestants.map((): Sample[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { name, run }] of contestants.entries()) {
      say(`round ${round + 1} of ${rounds}: ${name}`);
      samples[i]!.push(await run());
    }
  }
  return contestants.map(({ name }, i) => ({ name, samples: samples[i]! }));
}

export function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median of one figure; undefined where it was not measured. */
export function median(
  { samples }: Standing,
  of: (sample: Sample) => number | undefined,
): number | undefined {
  const numbers = samples.map(of).filter((number) => number !== undefined);
  return numbers.length < samples.length ? undefined : medianOf(numbers);
}

/** How many times less a contestant needs than the baseline: the median over what each round gives. */
export function ratio(
  one: Standing,
  baseline: Standing,
  of: (sample: Sample) => number | undefined = ({ seconds }) => seconds,
): number | undefined {
  const ratios: number[] = [];
  for (const [round, sample] of one.samples.entries()) {
    const ours = of(sample);
    const theirs = of(baseline.samples[round]!);
    if (ours === undefined || theirs === undefined) return undefined;
    ratios.push(theirs / ours);
  }
  return medianOf(ratios);
}

/** @throws {Error} Nobody has this name. */
export function standingOf(standings: readonly Standing[], name: string): Standing {
  const standing = standings.find((one) => one.name === name);
  if (standing === undefined) throw new Error(`Nobody is called "${name}"`);
  return standing;
}
