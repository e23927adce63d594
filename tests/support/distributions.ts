/** Numbers in [0, 1) that are the same in every run: mulberry32 (T. Ettinger), twice for 53 bits. */
export function randomStream(seed: number): () => number {
  let state = seed | 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return (x ^ (x >>> 14)) >>> 0;
  };
  return () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
}

/** The distributions over which sketches are measured, each by what makes one value of chance. */
export const distributions: Readonly<Record<string, (random: () => number) => number>> = {
  uniform: (random) => random(),
  "uniform, shifted": (random) => 1_000 + random(),
  normal: (random) => normal(random),
  "normal, shifted": (random) => 50 + 3 * normal(random),
  lognormal: (random) => Math.exp(2 * normal(random)),
  exponential: (random) => -Math.log(1 - random()),
  "pareto, heavy": (random) => (1 - random()) ** -2,
  "pareto, light": (random) => (1 - random()) ** (-1 / 3),
  "negative lognormal": (random) => -Math.exp(normal(random)),
  "mixed signs": (random) => (random() < 0.5 ? -1 : 1) * Math.exp(4 * normal(random)),
  "with zeros": (random) => (random() < 0.4 ? 0 : normal(random)),
  constant: () => 0.2345,
  "two values": (random) => (random() < 0.5 ? 1e-3 : 1e6),
  "small integers": (random) => Math.floor(random() * 20),
  "bimodal latencies": (random) => (random() < 0.9 ? 2 + random() : 900 + 50 * normal(random)),
  "powers of two": (random) => 2 ** Math.floor(random() * 60 - 30),
  "below powers of two": (random) => 2 ** Math.floor(random() * 60 - 30) * (1 - 2 ** -53),
  "sixty octaves": (random) => 2 ** (random() * 60 - 40),
};

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
