import { closeSync, openSync, writeSync } from "node:fs";

/** Events of one generated file: the same for the same number, on every machine. */
export interface GeneratedStream {
  readonly events: number;
  readonly bytes: number;
}

const NAMES = 1000;
const SECONDS = 1800;
const DISORDER_SECONDS = 2;
/** A whole minute. */
const START = 1_767_225_600;
const FUNCTIONS = ["sum", "avg", "min", "max"];
const LINES_PER_WRITE = 20_000;

/**
 * Writes `events` lines of about 92 bytes: 1,000 names by Zipf's law, each with one function, half an
 * hour of event time, up to 2 s out of order, values with one to three fraction digits.
 */
export function generate(path: string, events: number): GeneratedStream {
  const random = xoshiro128(0x9e3779b9);
  const heavy = zipf(NAMES);
  const names = Array.from({ length: NAMES }, (_, k) => {
    return `plant${k % 8}.line${(k >> 3) % 5}.sensor_${String(k).padStart(4, "0")}`;
  });
  const fd = openSync(path, "w");
  let bytes = 0;
  let lines: string[] = [];
  const flush = (): void => {
    bytes += writeSync(fd, lines.join(""));
    lines = [];
  };
  for (let i = 0; i < events; i++) {
    const name = heavy(random());
    const digits = 1 + Math.floor(random() * 3);
    const value = (random() * random() * 1000 * (random() < 0.05 ? -1 : 1)).toFixed(digits);
    const seconds = Math.max(0, (i / events) * SECONDS - random() * DISORDER_SECONDS);
    const timestamp = (START + seconds).toFixed(3);
    const agg_func = FUNCTIONS[(name * 7 + (name >> 2)) % FUNCTIONS.length];
    lines.push(
      `{"name":"${names[name]}","value":${value},"timestamp":${timestamp},"agg_func":"${agg_func}"}\n`,
    );
    if (lines.length === LINES_PER_WRITE) flush();
  }
  flush();
  closeSync(fd);
  return { events, bytes };
}

/** Picks one of `n` by Zipf's law with exponent 1, given a number in [0, 1). */
function zipf(n: number): (u: number) => number {
  const cumulated = new Float64Array(n);
  let total = 0;
  for (let k = 0; k < n; k++) {
    total += 1 / (k + 1);
    cumulated[k] = total;
  }
  return (u) => {
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulated[middle]! >= u * total) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** xoshiro128** (D. Blackman, S. Vigna, 2018), seeded with splitmix32. */
export function xoshiro128(seed: number): () => number {
  const state = new Uint32Array(4).map((_, i) => {
    let z = (seed + 0x9e3779b9 * (i + 1)) | 0;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  });
  return () => {
    const s1 = state[1]!;
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    state[2]! ^= state[0]!;
    state[3]! ^= s1;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= s1 << 9;
    state[3] = (state[3]! << 11) | (state[3]! >>> 21);
    return result / 2 ** 32;
  };
}
