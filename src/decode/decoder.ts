import type { EventColumns, EventTaker } from "../core/columns.ts";
import type { RefusalReason } from "../core/event.ts";
import { DEAD_LETTER_BYTES_MAX, LINE_BYTES_MAX, SCAN_SLACK_BYTES } from "../core/limits.ts";
import { checkEvent, type EventRules } from "./check-event.ts";
import { IGNORED, NameTable } from "./name-table.ts";
import { Scanner } from "./scanner.ts";

/** NDJSON in the course of being decoded. `decode` moves `at` and `line` on. */
export interface DecodeInput {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The next byte to decode. */
  at: number;
  /** Behind the last byte. */
  readonly end: number;
  /** Line feeds passed so far. */
  line: number;
}

export interface DecoderOptions extends EventRules {
  /** Seed of the name hash: any number. */
  readonly seed: number;
  /** Events whose name begins so are filtered: our own metrics. */
  readonly ignoredPrefix?: string | undefined;
  /** Whether labels are kept in the columns: some rule looks at them. */
  readonly keepsLabels?: boolean | undefined;
}

const LINE_FEED = 10;

/**
 * Bytes to columns. The fast road takes the lines that producers usually write, byte by byte; every
 * other line goes to `JSON.parse`. Both roads agree on every input.
 */
export class Decoder {
  readonly names: NameTable;
  readonly #rules: EventRules;
  readonly #keepsLabels: boolean;
  readonly #scanner: Scanner;
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #slack = new Uint8Array(SCAN_SLACK_BYTES);
  readonly #lossyText = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(options: DecoderOptions) {
    this.#rules = options;
    this.#keepsLabels = options.keepsLabels ?? false;
    this.names = new NameTable(options);
    this.#scanner = new Scanner(options, this.names);
  }

  /**
   * Decodes lines until the input or the room in the columns ends, or `received` reaches `receivedMax`.
   * Blank lines are no events.
   *
   * @param taker Takes events in place of the columns, see {@link EventTaker}.
   * @param input With at least `SCAN_SLACK_BYTES` readable bytes behind `end`; see {@link inputOf}.
   */
  decode(input: DecodeInput, columns: EventColumns, receivedMax: number, taker?: EventTaker): void {
    const max = Math.min(receivedMax, columns.received + columns.capacity - columns.length);
    // What stands behind the end may be the source's (the beginning of a line to come): it is put back.
    const slack = input.bytes.subarray(input.end, input.end + SCAN_SLACK_BYTES);
    this.#slack.set(slack);
    slack.fill(0);
    this.#decodeLines(input, columns, { receivedMax: max, taker });
    slack.set(this.#slack);
  }

  #decodeLines(
    input: DecodeInput,
    columns: EventColumns,
    how: { readonly receivedMax: number; readonly taker: EventTaker | undefined },
  ): void {
    const { receivedMax: max } = how;
    while (input.at < input.end && columns.received < max) {
      this.#scanner.scan(input, columns, how);
      // The scanner stops at a line that is not for it.
      if (input.at < input.end && columns.received < max) this.#decodeLine(input, columns);
    }
  }

  #decodeLine(input: DecodeInput, columns: EventColumns): void {
    const start = input.at;
    const lineFeed = input.bytes.indexOf(LINE_FEED, start);
    const end = lineFeed < 0 || lineFeed >= input.end ? input.end : lineFeed;
    const line = input.line;
    input.at = Math.min(end + 1, input.end);
    input.line++;
    if (isBlank(input.bytes, start, end)) return;
    columns.received++;
    const bytes = input.bytes.subarray(start, end);
    const refuse = (reason: RefusalReason, detail: string): void => {
      const event = this.#lossyText.decode(bytes.subarray(0, DEAD_LETTER_BYTES_MAX));
      columns.refusals.push({ reason, detail, event, line });
    };
    if (bytes.length > LINE_BYTES_MAX) {
      refuse("too_large", `event has ${bytes.length} bytes, more than ${LINE_BYTES_MAX}`);
      return;
    }
    let text: string;
    try {
      text = this.#text.decode(bytes);
    } catch {
      refuse("invalid_json", "event is not UTF-8");
      return;
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      // The runtime's own message is not told: runtimes differ in it.
      refuse("invalid_json", "event is not JSON");
      return;
    }
    const event = checkEvent(parsed, this.#rules);
    if (!event.ok) {
      refuse(event.reason, event.detail);
      return;
    }
    const name = this.names.intern(event.name);
    if (name === IGNORED) {
      columns.filtered++;
      return;
    }
    const at = columns.length++;
    columns.name[at] = name;
    columns.fn[at] = event.fn;
    columns.value[at] = event.value;
    columns.time[at] = event.time;
    columns.newest = Math.max(columns.newest, event.time);
    columns.line[at] = line;
    columns.start[at] = start;
    if (event.id !== undefined) {
      columns.ids[at] = event.id;
      columns.idCount++;
    }
    if (this.#keepsLabels && event.labels.length > 0) {
      columns.labels[at] = event.labels;
      columns.labelCount++;
    }
  }

  /** The text of an event in the columns, for a dead letter; `input` must be the one it came from. */
  textAt(input: DecodeInput, start: number): string {
    const lineFeed = input.bytes.indexOf(LINE_FEED, start);
    const end = lineFeed < 0 || lineFeed > input.end ? input.end : lineFeed;
    const cut = Math.min(end, start + DEAD_LETTER_BYTES_MAX);
    const text = this.#lossyText.decode(input.bytes.subarray(start, cut));
    // One that was cut keeps its length: by that it is known to be no whole event.
    return cut < end ? text : text.trimEnd();
  }
}

/** Prepares bytes for decoding; copies them when there is too little slack behind. */
export function inputOf(bytes: Uint8Array, length: number): DecodeInput {
  let padded = bytes;
  if (bytes.length < length + SCAN_SLACK_BYTES) {
    padded = new Uint8Array(length + SCAN_SLACK_BYTES);
    padded.set(bytes.subarray(0, length));
  }
  const view = new DataView(padded.buffer, padded.byteOffset, padded.byteLength);
  return { bytes: padded, view, at: 0, end: length, line: 0 };
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}
