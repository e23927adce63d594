import { jsonPage, type Page, readJsonPage } from "./page.ts";

/** Cells of one page of a pane: 2 KiB, so that a changed series costs little and a full pane few pages. */
export const PAGE_CELLS = 256;
export const PAGE_CELLS_SHIFT = 8;

/** The pages of a state as they were read, by key; every part takes those below its own prefix. */
export class StoredPages {
  readonly #pages = new Map<string, Page>();

  constructor(pages: Iterable<Page>) {
    for (const page of pages) this.#pages.set(page.key, page);
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
    for (const [key, { bytes }] of this.#pages) {
      if (!key.startsWith(`${prefix}/`)) continue;
      const word = key.slice(prefix.length + 1);
      if (!word.includes("/")) yield { word, bytes };
    }
  }

  /** The words that follow `prefix` in any key. */
  wordsBelow(prefix: string): string[] {
    const words = new Set<string>();
    for (const key of this.#pages.keys()) {
      if (key.startsWith(`${prefix}/`)) words.add(key.slice(prefix.length + 1).split("/")[0]!);
    }
    return [...words];
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
  const copy = bytes.slice();
  return new Float64Array(copy.buffer, 0, copy.byteLength >> 3);
}

/** Reads back what `PageCollector.numbers` wrote: little-endian 32-bit integers. */
export function integersOf(bytes: Uint8Array): Int32Array {
  const copy = bytes.slice();
  return new Int32Array(copy.buffer, 0, copy.byteLength >> 2);
}

/** JSON has no infinities: they are written as text. */
export type StoredNumber = number | "Infinity" | "-Infinity";

export function storedNumber(number: number): StoredNumber {
  if (number === Infinity) return "Infinity";
  return number === -Infinity ? "-Infinity" : number;
}
