import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type GeneratedStream, generate, type StreamShape } from "../generate.ts";
import type { AnswerRow } from "./answer.ts";

export interface Input extends GeneratedStream {
  readonly path: string;
}

/** Generated files of one run, made when somebody asks. */
export class Inputs {
  readonly #folder: string;
  readonly #made = new Map<string, Input>();
  readonly #say: (text: string) => void;

  constructor(folder: string, say: (text: string) => void) {
    this.#folder = folder;
    this.#say = say;
  }

  of(events: number, shape: StreamShape = {}): Input {
    const key = `${events}-${Object.entries(shape).flat().join("-")}`.replaceAll(/[^\w-]/g, "");
    let input = this.#made.get(key);
    if (input === undefined) {
      this.#say(`generating ${events.toLocaleString("en-US")} events`);
      const path = join(this.#folder, `${key}.ndjson`);
      input = { path, ...generate(path, events, shape) };
      this.#made.set(key, input);
    }
    return input;
  }
}

/** Rows as the replay and the naive programs write them: one JSON object a line. */
export async function rowsIn(path: string): Promise<AnswerRow[]> {
  const rows: AnswerRow[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line !== "") rows.push(rowOf(line));
  }
  return rows;
}

export function rowsOfJson(text: string): AnswerRow[] {
  return text.trim().split("\n").map(rowOf);
}

function rowOf(line: string): AnswerRow {
  const { name, agg_func, window_start, value, count } = JSON.parse(line) as AnswerRow;
  return { name, agg_func, window_start, value, count };
}
