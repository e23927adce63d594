import type { DedupeSettings } from "../../../src/core/settings.ts";

/** The ids that are remembered. */
export class OracleIds {
  evicted = 0;
  readonly #dedupe: DedupeSettings;
  #ids: { readonly id: string; readonly time: number }[] = [];

  constructor(dedupe: DedupeSettings) {
    this.#dedupe = dedupe;
  }

  has(id: string, watermark: number): boolean {
    const seen = this.#ids.find((one) => one.id === id);
    return seen !== undefined && watermark < seen.time + this.#dedupe.for;
  }

  add(id: string, time: number, watermark: number): void {
    this.#ids = [...this.#ids.filter((other) => other.id !== id), { id, time }];
    for (;;) {
      const oldest = this.#ids[0];
      if (oldest === undefined) return;
      const isExpired = watermark >= oldest.time + this.#dedupe.for;
      if (!isExpired && this.#ids.length <= this.#dedupe.idsMax) return;
      if (!isExpired) this.evicted++;
      this.#ids = this.#ids.slice(1);
    }
  }
}
