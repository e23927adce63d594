/**
 * The names of the functions as the scanner meets them: those of three letters as one word that ends
 * in the closing quote, found by three bits of it; the others byte by byte.
 */
export class FunctionWords {
  /** By slot `(word >> 16) & 7`: the word of a name with its quote; 0 where there is none. */
  readonly words = new Int32Array(8);
  /** By slot: the index of the function. */
  readonly indexes = new Int32Array(8);
  readonly #names: readonly Uint8Array[];

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => new TextEncoder().encode(name));
    for (const [index, name] of this.#names.entries()) {
      if (name.length !== 3) continue;
      const word = name[0]! | (name[1]! << 8) | (name[2]! << 16) | (0x22 << 24);
      const slot = (word >> 16) & 7;
      // Where two share a slot the first has it; `find` knows both.
      if (this.words[slot] !== 0) continue;
      this.words[slot] = word;
      this.indexes[slot] = index;
    }
  }

  /** The function whose name and closing quote stand at `at`; -1 when none does. */
  find(bytes: Uint8Array, at: number): number {
    return this.#names.findIndex((name) => {
      if (bytes[at + name.length] !== 0x22) return false;
      for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
      return true;
    });
  }

  /** Bytes of the name. */
  lengthOf(fn: number): number {
    return this.#names[fn]!.length;
  }
}
