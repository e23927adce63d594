/**
 * The names of the functions as the scanner meets them: those of three letters as one word that ends
 * in the closing quote, found by three bits of it; the others byte by byte.
 */
export class FunctionWords {
  /** By slot `(word >> 16) & 7`: the word of a name with its quote, or one that belongs elsewhere. */
  readonly words = new Int32Array(8);
  /** By slot: the index of the function. */
  readonly indexes = new Int32Array(8);
  /** As JSON writes them, with the closing quote: a raw backslash is not a name that contains one. */
  readonly #quoted: readonly Uint8Array[];

  constructor(names: readonly string[]) {
    this.#quoted = names.map((name) => new TextEncoder().encode(JSON.stringify(name).slice(1)));
    // An empty slot must match nothing that is looked up in it, not even four zero bytes.
    for (let slot = 0; slot < 8; slot++) this.words[slot] = (slot ^ 1) << 16;
    const taken = new Set<number>();
    for (const [index, name] of this.#quoted.entries()) {
      if (name.length !== 4) continue;
      const word = name[0]! | (name[1]! << 8) | (name[2]! << 16) | (name[3]! << 24);
      const slot = (word >> 16) & 7;
      // Where two share a slot the first has it; `find` knows both.
      if (taken.has(slot)) continue;
      taken.add(slot);
      this.words[slot] = word;
      this.indexes[slot] = index;
    }
  }

  /** The function whose name and closing quote stand at `at`; -1 when none does. */
  find(bytes: Uint8Array, at: number): number {
    return this.#quoted.findIndex((name) => {
      for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
      return true;
    });
  }

  /** Bytes of the name with its closing quote. */
  lengthOf(fn: number): number {
    return this.#quoted[fn]!.length;
  }
}
