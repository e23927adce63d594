import { closeSync, openSync, writeSync } from "node:fs";
import { Answer } from "./harness/answer.ts";

/** What differs from the usual stream. */
export interface StreamShape {
  /** Different names; 1,000 unless it says otherwise. */
  readonly names?: number;
  /** `zipf`: few names have most events; `even`: one after another, so that each has as many. */
  readonly spread?: "zipf" | "even";
  /** Of event time; half an hour unless it says otherwise. */
  readonly seconds?: number;
  /** `spaces`: one behind each colon and comma; `shuffled`: the fields in any order. */
  readonly layout?: "compact" | "spaces" | "shuffled";
  /** Significant digits of a value: up to six, always 17, or one. */
  readonly digits?: "few" | "seventeen" | "one";
  /** `one`: the same name of one byte for all. */
  readonly naming?: "usual" | "one";
}

/** One generated file: the same for the same number and shape, on every machine. */
export interface GeneratedStream {
  readonly events: number;
  readonly bytes: number;
  readonly answer: Answer;
}

const DISORDER_SECONDS = 2;
/** A whole minute. */
export const STREAM_START = 1_767_225_600;
export const WINDOW_SECONDS = 60;
const FUNCTIONS = ["sum", "avg", "min", "max"];
const LINES_PER_WRITE = 20_000;

/**
 * Writes `events` lines of about 92 bytes: unless the shape says otherwise 1,000 names by Zipf's law, each
 * with one function, half an hour of event time, up to 2 s out of order, values with one to three
 * fraction digits.
 */
export function generate(path: string, events: number, shape: StreamShape = {}): GeneratedStream {
  const { seconds: length = 1800, layout = "compact", digits = "few" } = shape;
  const random = xoshiro128(0x9e3779b9);
  // Of its own, so that the usual stream does not hang on what another shape draws.
  const random2 = xoshiro128(0x7f4a7c15);
  const isOne = shape.naming === "one";
  const names = Array.from({ length: isOne ? 1 : (shape.names ?? 1000) }, (_, k) => {
    if (isOne) return "a";
    return `plant${k % 8}.line${(k >> 3) % 5}.sensor_${String(k).padStart(4, "0")}`;
  });
  const functions = names.map((_, k) => FUNCTIONS[(k * 7 + (k >> 2)) % FUNCTIONS.length]!);
  const heavy = zipf(names.length);
  const answer = new Answer({
    names,
    functions,
    start: STREAM_START,
    windowSeconds: WINDOW_SECONDS,
    windows: Math.ceil(length / WINDOW_SECONDS),
  });
  const fd = openSync(path, "w");
  let bytes = 0;
  let lines: string[] = [];
  const flush = (): void => {
    bytes += writeSync(fd, lines.join(""));
    lines = [];
  };
  for (let i = 0; i < events; i++) {
    const drawn = heavy(random());
    const name = shape.spread === "even" ? i % names.length : drawn;
    const fraction = 1 + Math.floor(random() * 3);
    const number = random() * random() * 1000 * (random() < 0.05 ? -1 : 1);
    const value = valueText(number, digits, fraction);
    const seconds = Math.max(0, (i / events) * length - random() * DISORDER_SECONDS);
    const timestamp = (STREAM_START + Math.min(seconds, length - 0.001)).toFixed(3);
    answer.add(name, Number(timestamp), Number(value));
    const event = { name: names[name]!, value, timestamp, agg_func: functions[name]! };
    lines.push(layout === "compact" ? compact(event) : lineOf(event, layout, random2));
    if (lines.length === LINES_PER_WRITE) flush();
  }
  flush();
  closeSync(fd);
  return { events, bytes, answer };
}

/** The text of each field. */
interface EventTexts {
  readonly name: string;
  readonly value: string;
  readonly timestamp: string;
  readonly agg_func: string;
}

function compact({ name, value, timestamp, agg_func }: EventTexts): string {
  return `{"name":"${name}","value":${value},"timestamp":${timestamp},"agg_func":"${agg_func}"}\n`;
}

function lineOf(
  { name, value, timestamp, agg_func }: EventTexts,
  layout: "spaces" | "shuffled",
  random: () => number,
): string {
  if (layout === "spaces") {
    return (
      `{"name": "${name}", "value": ${value}, ` +
      `"timestamp": ${timestamp}, "agg_func": "${agg_func}"}\n`
    );
  }
  const fields = [
    `"name":"${name}"`,
    `"value":${value}`,
    `"timestamp":${timestamp}`,
    `"agg_func":"${agg_func}"`,
  ];
  for (let i = fields.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [fields[i], fields[j]] = [fields[j]!, fields[i]!];
  }
  return `{${fields.join(",")}}\n`;
}

function valueText(
  number: number,
  digits: NonNullable<StreamShape["digits"]>,
  fraction: number,
): string {
  if (digits === "few") return number.toFixed(fraction);
  if (digits === "seventeen") return seventeenDigits(number);
  return String(Math.floor(Math.abs(number)) % 10);
}

/** As programs write a double that came out of a computation: 17 significant digits, no exponent. */
function seventeenDigits(number: number): string {
  const whole = Math.trunc(Math.abs(number));
  return number.toFixed(whole === 0 ? 17 : 17 - String(whole).length);
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
