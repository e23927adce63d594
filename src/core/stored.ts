import { jsonPage, type Page, readJsonPage } from "./page.ts";

/** Cells of one page of a pane: 2 KiB, so that a changed series costs little and a full pane few pages. */
export const PAGE_CELLS = 256;
export const PAGE_CELLS_SHIFT = 8;

/** The pages of a state as they were read, by key; every part takes those below its own prefix. */
export class StoredPages {
  readonly #pages = new Map<string, Page>();
  /** By prefix: the words that go on behind it in some key. */
  readonly #words = new Map<string, Set<string>>();

  constructor(pages: Iterable<Page>) {
    for (const page of pages) {
      this.#pages.set(page.key, page);
      this.#index(page.key);
    }
  }

  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  /** The plain data of a page; undefined when it is not there. */
  json<Data>(key: string): Data | undefined {
    const page = this.#pages.get(key);
    return page === undefined ? undefined : readJsonPage<Data>(page);
  }

  /** The pages whose key is `prefix` and one more word or number, with that word. */
  *below(prefix: string): Iterable<{ readonly word: string; readonly bytes: Uint8Array }> {
    for (const word of this.wordsBelow(prefix)) {
      const page = this.#pages.get(`${prefix}/${word}`);
      if (page !== undefined) yield { word, bytes: page.bytes };
    }
  }

  /** The words that follow `prefix` in any key. */
  wordsBelow(prefix: string): string[] {
    return [...(this.#words.get(prefix) ?? [])];
  }

  /** The same where the words are numbers: ascending. */
  numbersBelow(prefix: string): number[] {
    return this.wordsBelow(prefix)
      .map(Number)
      .sort((a, b) => a - b);
  }

  #index(key: string): void {
    for (let slash = key.indexOf("/"); slash >= 0; slash = key.indexOf("/", slash + 1)) {
      const prefix = key.slice(0, slash);
      const next = key.indexOf("/", slash + 1);
      const word = key.slice(slash + 1, next < 0 ? undefined : next);
      const words = this.#words.get(prefix);
      if (words === undefined) this.#words.set(prefix, new Set([word]));
      else words.add(word);
    }
  }
}

/** What changes are gathered in; see `PageChanges`. */
export class PageCollector {
  readonly remove: string[] = [];
  readonly put: Page[] = [];

  json(key: string, data: unknown): void {
    this.put.push(jsonPage(key, data));
  }

  /** A copy of a stretch of numbers. */
  numbers(key: string, array: Float64Array | Int32Array): void {
    const bytes = new Uint8Array(array.byteLength);
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    this.put.push({ key, bytes });
  }
}

/** Reads back what `PageCollector.numbers` wrote: little-endian doubles. */
export function doublesOf(bytes: Uint8Array): Float64Array {
  // What `slice` of a Buffer gives is no copy, and may lie anywhere in its memory.
  const copy = new Uint8Array(bytes);
  return new Float64Array(copy.buffer, 0, copy.byteLength >> 3);
}

/** Reads back what `PageCollector.numbers` wrote: little-endian 32-bit integers. */
export function integersOf(bytes: Uint8Array): Int32Array {
  // What `slice` of a Buffer gives is no copy, and may lie anywhere in its memory.
  const copy = new Uint8Array(bytes);
  return new Int32Array(copy.buffer, 0, copy.byteLength >> 2);
}

/** JSON has no infinities: they are written as text. */
export type StoredNumber = number | "Infinity" | "-Infinity";

export function storedNumber(number: number): StoredNumber {
  if (number === Infinity) return "Infinity";
  return number === -Infinity ? "-Infinity" : number;
}
