import type { RefusalReason } from "../core/event.ts";
import { DEAD_LETTER_BYTES_MAX, LETTERS_AT_ONCE, SCAN_SLACK_BYTES } from "../core/limits.ts";
import type { ResultRow } from "../core/result.ts";
import { rowFromJson } from "../core/result-json.ts";
import type { EventBatch } from "../core/source.ts";
import type { DeadLetter, DeadLetters } from "../state/dead-letters.ts";
import type { ReplayLeft, ReplayQuery } from "./control.ts";
import { sinkOfRefusal } from "./delivery.ts";

/** Some dead letters that come back together. */
export interface ReturnedLetters {
  readonly seqs: readonly number[];
  /** Events, one a line, with the places that they had. */
  readonly events: Pick<EventBatch, "bytes" | "length" | "place">;
  /** By sink: rows that it refused. */
  readonly rows: ReadonlyMap<string, readonly ResultRow[]>;
}

const LATE =
  "late: its windows are closed for good; aggregator dead-letters export writes them to a file for " +
  "aggregator replay";
const CUT = `kept up to ${DEAD_LETTER_BYTES_MAX} bytes only: the whole event is gone`;
const BLANK = "blank: there is no event in it";
const NOT_UTF8 = "not UTF-8: its bytes were not kept as they came";

const encoder = new TextEncoder();

/** Goes through the stored dead letters that are asked for, a bounded number at a time. */
export class LetterReplay {
  readonly #letters: DeadLetters;
  readonly #sinks: ReadonlySet<string>;
  readonly #reason: RefusalReason | undefined;
  readonly #seqs: ReadonlySet<number> | undefined;
  /** What is refused again has a greater number: this comes to an end. */
  readonly #through: number;
  readonly #left = new Map<string, ReplayLeft>();
  #after: number;

  /** @param sinks Names of the sinks that rows can go back to. */
  constructor(
    { reason, through = Infinity, seqs }: ReplayQuery,
    { letters, sinks }: { readonly letters: DeadLetters; readonly sinks: readonly string[] },
  ) {
    this.#letters = letters;
    this.#sinks = new Set(sinks);
    this.#reason = reason;
    this.#seqs = seqs === undefined ? undefined : new Set(seqs);
    this.#through = Math.min(through, letters.newestSeq, Math.max(...(seqs ?? [Infinity])));
    this.#after = seqs === undefined ? 0 : Math.min(...seqs) - 1;
  }

  /** Those that stay, so far, and why. */
  get left(): readonly ReplayLeft[] {
    return [...this.#left.values()];
  }

  /** The next ones that come back; undefined: there are no more. */
  next(): ReturnedLetters | undefined {
    if (this.#after >= this.#through) return undefined;
    const found = this.#letters.list({
      after: this.#after,
      limit: LETTERS_AT_ONCE,
      reason: this.#reason,
    });
    this.#after = found.length < LETTERS_AT_ONCE ? this.#through : found.at(-1)!.seq;
    return this.#taken(found.filter(({ seq }) => this.#wants(seq)));
  }

  #wants(seq: number): boolean {
    return seq <= this.#through && (this.#seqs === undefined || this.#seqs.has(seq));
  }

  #taken(letters: readonly DeadLetter[]): ReturnedLetters {
    const seqs: number[] = [];
    const events: DeadLetter[] = [];
    const rows = new Map<string, ResultRow[]>();
    for (const letter of letters) {
      const why = this.#whyLeft(letter);
      if (why !== undefined) {
        this.#leave(letter.reason, why);
        continue;
      }
      seqs.push(letter.seq);
      const sink = sinkOfRefusal(letter);
      if (sink === undefined) events.push(letter);
      else rows.set(sink, [...(rows.get(sink) ?? []), rowFromJson(letter.event)]);
    }
    return { seqs, events: linesOf(events), rows };
  }

  #leave(reason: RefusalReason, why: string): void {
    const key = `${reason} ${why}`;
    const count = (this.#left.get(key)?.count ?? 0) + 1;
    this.#left.set(key, { reason, count, why });
  }

  /** Why a letter cannot come back as what it was; undefined: it can. */
  #whyLeft(letter: DeadLetter): string | undefined {
    const { reason, event } = letter;
    const sink = sinkOfRefusal(letter);
    if (sink !== undefined) {
      return this.#sinks.has(sink) ? undefined : `no sink is called ${sink} in the configuration`;
    }
    if (reason === "late") return LATE;
    // One that just fits looks like one that was cut.
    if (encoder.encode(event).length >= DEAD_LETTER_BYTES_MAX) return CUT;
    if (/^[ \t\r\n]*$/.test(event)) return BLANK;
    // With the bytes replaced it might pass, as an event that nobody sent.
    if (reason === "invalid_json" && event.includes("\ufffd")) return NOT_UTF8;
    return undefined;
  }
}

function linesOf(letters: readonly DeadLetter[]): ReturnedLetters["events"] {
  // Within a line a line feed is a carriage return, as everywhere: a blank to JSON as well.
  const lines = letters.map(({ event }) => `${event.replaceAll("\n", "\r")}\n`);
  const text = encoder.encode(lines.join(""));
  const bytes = new Uint8Array(text.length + SCAN_SLACK_BYTES);
  bytes.set(text);
  return { bytes, length: text.length, place: (line) => letters[line]!.at };
}
