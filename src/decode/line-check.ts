import { EventColumns } from "../core/columns.ts";
import { SCAN_SLACK_BYTES } from "../core/limits.ts";
import type { EventRules } from "./check-event.ts";
import type { DecodeInput } from "./decoder.ts";
import { NameTable } from "./name-table.ts";
import { Scanner } from "./scanner.ts";

/** Events that are scanned at a time: their columns (29 bytes an event) stay in the first-level cache. */
const COLUMNS_EVENTS = 512;

/** Names that are remembered; then all are forgotten, so that no producer can fill the memory with them. */
const NAMES_MAX = 131_072;

/**
 * Finds the lines that surely are events, at the pace of the fast road: an event that it takes is one that
 * `checkEvent` takes. What it leaves may be one too; only the JSON road can tell.
 */
export class LineCheck {
  readonly #options: EventRules & { readonly seed: number };
  readonly #columns = new EventColumns(COLUMNS_EVENTS);
  readonly #slack = new Uint8Array(SCAN_SLACK_BYTES);
  #names: NameTable;
  #scanner: Scanner;

  constructor(options: EventRules & { readonly seed: number }) {
    this.#options = options;
    this.#names = new NameTable(options);
    this.#scanner = new Scanner(options, this.#names);
  }

  /** How many names are remembered now. */
  get names(): number {
    return this.#names.used;
  }

  /**
   * Moves `at` and `line` over the lines that surely are events, up to the first that is not such. Each
   * of them is an object, with nothing around it but its line feed, or a carriage return before that.
   *
   * @param input With at least `SCAN_SLACK_BYTES` bytes behind `end`, which are put back as they were.
   */
  pass(input: DecodeInput): void {
    const slack = input.bytes.subarray(input.end, input.end + SCAN_SLACK_BYTES);
    this.#slack.set(slack);
    slack.fill(0);
    const columns = this.#columns;
    for (;;) {
      columns.length = 0;
      columns.received = 0;
      columns.filtered = 0;
      this.#scanner.scan(input, columns, COLUMNS_EVENTS);
      if (columns.received < COLUMNS_EVENTS) break;
    }
    slack.set(this.#slack);
    if (this.#names.used <= NAMES_MAX) return;
    this.#names = new NameTable(this.#options);
    this.#scanner = new Scanner(this.#options, this.#names);
  }
}
