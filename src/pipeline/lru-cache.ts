/** Answers to what was asked most recently. Cleared by a change of `version`, so nothing in it is old. */
export class LruCache<Value> {
  readonly #max: number;
  readonly #entries = new Map<string, Value>();
  #version = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The value of a key, made when it is not known for this version. */
  get(key: string, version: number, make: () => Value): Value {
    if (version !== this.#version) this.#entries.clear();
    this.#version = version;
    const known = this.#entries.get(key);
    const value = known ?? make();
    // A map keeps the order of insertion: the first one is the one that was not asked for the longest.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#max) this.#entries.delete(this.#entries.keys().next().value!);
    return value;
  }
}
