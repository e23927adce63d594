import type { Names } from "../core/columns.ts";
import { NAME_BYTES_MAX } from "../core/limits.ts";
import type { PageCollector, StoredPages } from "../core/stored.ts";

/** Words (32 bits) of an entry: one cache line, so that a look-up touches one line of memory. */
export const ENTRY_WORDS = 16;
export const ENTRY_SHIFT = 4;
/** Where in an entry stand the hash, the length in bytes (-1: free), the number, the arena offset … */
export const HASH = 0;
export const LENGTH = 1;
export const NUMBER = 2;
export const OFFSET = 3;
/** … and the name itself, where it is shorter than `INLINE_BYTES`; longer ones stand in the arena. */
export const INLINE = 4;
export const INLINE_BYTES = (ENTRY_WORDS - INLINE) * 4;

/** The number of a name that must not be aggregated: our own metrics. */
export const IGNORED = -1;

/** Names of one stored page. */
const PAGE_NAMES = 1024;

const SLOTS_MIN = 1024;
const encoder = new TextEncoder();
const ARENA_BYTES_MIN = 64 * 1024;
const MULTIPLIER = 0x9e3779b1;
/** What sets the hash of a name apart that JSON writes with escapes. Any number but 0. */
const ESCAPED = 0x5bd1e995;

/**
 * Names as small numbers, found by their bytes: open addressing over entries of one cache line each.
 * The hash is seeded, since names come from outside; all bytes are compared, always.
 *
 * The scanner hashes and compares inside its own loop (`hashOf` says how, `find` is the readable
 * form); everything that is rare happens here.
 */
export class NameTable implements Names {
  readonly seed: number;
  readonly #ignoredPrefix: string | undefined;
  /** Entries; replaced when the table grows. */
  entries: Int32Array;
  /** The bytes of the long names, each padded to whole words; replaced when it grows. */
  arena: Uint8Array;
  arenaView: DataView;
  #arenaTop = 0;
  /** The bytes of a name that is looked up by its text. */
  readonly #scratch = new Uint8Array(NAME_BYTES_MAX + 4);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  /** Slots in use. */
  #used = 0;
  #texts: string[] = [];
  /** Names that are stored; the numbers from here on are new. */
  #stored = 0;
  /** Whether the numbers that are stored no longer hold. */
  #renumbered = false;

  /**
   * @param options.seed Any 32 bits.
   * @param options.ignoredPrefix Names that begin so get the number {@link IGNORED}.
   */
  constructor(options: { seed: number; ignoredPrefix?: string | undefined }) {
    this.seed = options.seed | 0;
    this.#ignoredPrefix = options.ignoredPrefix;
    this.entries = freeEntries(SLOTS_MIN);
    this.arena = new Uint8Array(ARENA_BYTES_MIN);
    this.arenaView = new DataView(this.arena.buffer);
  }

  /** How many numbers were given: all numbers are below it. */
  get size(): number {
    return this.#texts.length;
  }

  /** How many names are in the table, those without a number included. */
  get used(): number {
    return this.#used;
  }

  text(name: number): string {
    return this.#texts[name]!;
  }

  /** The number of a name that was checked: not empty, not too long, well-formed. */
  intern(text: string): number {
    const bytes = this.#scratch;
    const { written: length } = encoder.encodeInto(text, bytes);
    const view = this.#scratchView;
    let hash = this.hashOf(view, 0, length);
    // Raw in a line these bytes are another name, or none at all: the scanner must not find it by them.
    if (hasEscapes(bytes, length)) hash ^= ESCAPED;
    const entry = this.find(view, 0, length, hash);
    if (this.entries[entry + LENGTH]! >= 0) return this.entries[entry + NUMBER]!;
    const added = this.insert(bytes, { at: 0, length, hash, text });
    return this.entries[added + NUMBER]!; // looked up only now: `insert` may have replaced the entries
  }

  /** The hash of the bytes at `at`: word by word, the last one cut to the bytes that belong to it. */
  hashOf(view: DataView, at: number, length: number): number {
    let hash = this.seed;
    const end = at + length;
    let p = at;
    for (; p + 4 <= end; p += 4) {
      hash = Math.imul(hash ^ view.getInt32(p, true), MULTIPLIER);
      hash ^= hash >>> 13;
    }
    const rest = end - p;
    const word = rest === 0 ? 0 : view.getInt32(p, true) & ((1 << (rest << 3)) - 1);
    hash = Math.imul(hash ^ word, MULTIPLIER);
    return ((hash ^ (hash >>> 16)) + length) | 0;
  }

  /** The entry of these bytes, or the free one where they belong. */
  find(view: DataView, at: number, length: number, hash: number): number {
    const entries = this.entries;
    const mask = entries.length - 1;
    let entry = firstEntry(hash, mask);
    for (;;) {
      const found = entries[entry + LENGTH]!;
      if (found < 0) return entry;
      if (entries[entry + HASH] === hash && found === length) {
        if (this.#sameBytes(entry, view, at, length)) return entry;
      }
      entry = (entry + ENTRY_WORDS) & mask;
    }
  }

  /** Adds a name that `find` did not find; gives its entry. Replaces `entries` and `arena` at will. */
  insert(
    bytes: Uint8Array,
    name: { at: number; length: number; hash: number; text: string },
  ): number {
    if ((this.#used + 1) * 2 > this.entries.length / ENTRY_WORDS) this.#rehash(this.#used * 4);
    const ignored = this.#ignoredPrefix !== undefined && name.text.startsWith(this.#ignoredPrefix);
    const number = ignored ? IGNORED : this.#texts.push(name.text) - 1;
    this.#used++;
    return this.#place(bytes, number, name);
  }

  /**
   * Forgets the names that nobody uses any more and numbers the others anew.
   *
   * @param inUse For each number, whether it is to stay.
   * @returns For each old number its new one, or -1.
   */
  retain(inUse: Uint8Array): Int32Array {
    const renumbered = new Int32Array(this.#texts.length).fill(-1);
    const kept: string[] = [];
    for (let name = 0; name < this.#texts.length; name++) {
      if (inUse[name] !== 1) continue;
      renumbered[name] = kept.push(this.#texts[name]!) - 1;
    }
    this.#texts = [];
    this.#used = 0;
    this.#arenaTop = 0;
    this.entries = freeEntries(SLOTS_MIN);
    for (const text of kept) this.intern(text);
    this.#stored = 0;
    this.#renumbered = true;
    return renumbered;
  }

  /** Gathers what changed since the last call: names by number, a page of them at a time. */
  changes(into: PageCollector): void {
    if (this.#renumbered) into.remove.push("names");
    this.#renumbered = false;
    for (let page = Math.floor(this.#stored / PAGE_NAMES); ; page++) {
      const from = page * PAGE_NAMES;
      if (this.#stored >= this.#texts.length || from >= this.#texts.length) break;
      into.json(`names/${page}`, this.#texts.slice(from, from + PAGE_NAMES));
    }
    this.#stored = this.#texts.length;
  }

  /** Takes over what `changes` gave. Called once, before any other name. */
  restore(pages: StoredPages): void {
    // Grown once, not twenty times.
    this.#rehash(pages.wordsBelow("names").length * PAGE_NAMES * 2);
    for (let page = 0; ; page++) {
      const texts = pages.json<string[]>(`names/${page}`);
      if (texts === undefined) break;
      for (const text of texts) this.intern(text);
    }
    this.#stored = this.#texts.length;
  }

  #sameBytes(entry: number, view: DataView, at: number, length: number): boolean {
    const isInline = length < INLINE_BYTES;
    const offset = this.entries[entry + OFFSET]!;
    for (let i = 0; i < length; i++) {
      const word = isInline
        ? this.entries[entry + INLINE + (i >> 2)]!
        : this.arenaView.getInt32(offset + i - (i & 3), true);
      if (((word >>> ((i & 3) << 3)) & 255) !== view.getUint8(at + i)) return false;
    }
    return true;
  }

  #store(bytes: Uint8Array, at: number, length: number): number {
    const room = wordsOf(length) * 4;
    if (this.#arenaTop + room > this.arena.length) {
      const arena = new Uint8Array(Math.max(this.arena.length * 2, this.#arenaTop + room));
      arena.set(this.arena);
      this.arena = arena;
      this.arenaView = new DataView(arena.buffer);
    }
    const offset = this.#arenaTop;
    // Names are short: a loop is faster than a view and two calls.
    const arena = this.arena;
    for (let i = 0; i < length; i++) arena[offset + i] = bytes[at + i]!;
    for (let i = length; i < room; i++) arena[offset + i] = 0;
    this.#arenaTop += room;
    return offset;
  }

  #place(
    bytes: Uint8Array,
    number: number,
    { at, length, hash }: { readonly at: number; readonly length: number; readonly hash: number },
  ): number {
    const entries = this.entries;
    const mask = entries.length - 1;
    let entry = firstEntry(hash, mask);
    while (entries[entry + LENGTH]! >= 0) entry = (entry + ENTRY_WORDS) & mask;
    entries[entry + HASH] = hash;
    entries[entry + LENGTH] = length;
    entries[entry + NUMBER] = number;
    if (length >= INLINE_BYTES) {
      entries[entry + OFFSET] = this.#store(bytes, at, length);
      return entry;
    }
    entries.fill(0, entry + INLINE, entry + ENTRY_WORDS);
    for (let i = 0; i < length; i++) {
      entries[entry + INLINE + (i >> 2)]! |= bytes[at + i]! << ((i & 3) << 3);
    }
    return entry;
  }

  #rehash(slotsWanted: number): void {
    const old = this.entries;
    let slots = SLOTS_MIN;
    while (slots < slotsWanted) slots *= 2;
    this.entries = freeEntries(slots);
    const mask = this.entries.length - 1;
    for (let from = 0; from < old.length; from += ENTRY_WORDS) {
      if (old[from + LENGTH]! < 0) continue;
      let entry = firstEntry(old[from + HASH]!, mask);
      while (this.entries[entry + LENGTH]! >= 0) entry = (entry + ENTRY_WORDS) & mask;
      for (let word = 0; word < ENTRY_WORDS; word++) this.entries[entry + word] = old[from + word]!;
    }
  }
}

/** Where the search for a hash begins. `mask` is the length of the entries in words, less one. */
function firstEntry(hash: number, mask: number): number {
  return ((hash ^ (hash >>> 15)) << ENTRY_SHIFT) & mask;
}

/** Whether JSON cannot write the first `length` bytes as they are. */
export function hasEscapes(bytes: Uint8Array, length = bytes.length): boolean {
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!;
    if (byte < 32 || byte === 34 || byte === 92) return true;
  }
  return false;
}

function wordsOf(bytes: number): number {
  return (bytes + 3) >> 2;
}

function freeEntries(slots: number): Int32Array {
  return new Int32Array(slots * ENTRY_WORDS).fill(-1);
}
