import type { Page, PageChanges } from "../../core/page.ts";

/** Keeps pages in memory, as a store on disk would. */
export class PageMemory {
  readonly #pages = new Map<string, Page>();

  apply({ remove, put }: PageChanges): void {
    for (const prefix of remove) {
      for (const key of this.#pages.keys()) {
        if (key === prefix || key.startsWith(`${prefix}/`)) this.#pages.delete(key);
      }
    }
    for (const page of put) this.#pages.set(page.key, page);
  }

  get pages(): Iterable<Page> {
    return this.#pages.values();
  }

  get size(): number {
    return this.#pages.size;
  }
}
