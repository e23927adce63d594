import type { LabelPairs } from "../core/columns.ts";
import type { PageCollector, StoredPages } from "../core/stored.ts";
import type { Groups } from "./rule-events.ts";

/** Groups of one stored page. */
const PAGE_GROUPS = 256;

type StoredGroup = readonly [name: string, labels: LabelPairs];

/**
 * The groups of a rule that tells series by labels, or renames them: name and chosen labels as a small
 * number. Texts are joined as JSON, so that no two groups share a key.
 */
export class GroupTable implements Groups {
  #groups: StoredGroup[] = [];
  #numbers = new Map<string, number>();
  /** Pages from here on are not stored, or not as they are. */
  #storedFrom = 0;
  /** Pages that were stored and are no more. */
  #removed: number[] = [];

  get size(): number {
    return this.#groups.length;
  }

  name(group: number): string {
    return this.#groups[group]![0];
  }

  labels(group: number): LabelPairs {
    return this.#groups[group]![1];
  }

  /** @param labels Sorted by label. */
  intern(name: string, labels: LabelPairs): number {
    const key = JSON.stringify([name, labels]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#groups.length;
    this.#groups.push([name, labels]);
    this.#numbers.set(key, number);
    return number;
  }

  /** Keeps the groups in use, numbered anew. Returns the new number of each old one. */
  retain(inUse: Uint8Array): Int32Array {
    const old = this.#groups;
    const numbers = new Int32Array(old.length).fill(-1);
    for (let page = 0; page < Math.ceil(old.length / PAGE_GROUPS); page++) this.#removed.push(page);
    this.#groups = [];
    this.#numbers = new Map();
    this.#storedFrom = 0;
    for (const [number, [name, labels]] of old.entries()) {
      if (inUse[number] === 1) numbers[number] = this.intern(name, labels);
    }
    return numbers;
  }

  /** Gathers what changed since the last call. */
  changes(prefix: string, into: PageCollector): void {
    for (const page of this.#removed) into.remove.push(`${prefix}/groups/${page}`);
    this.#removed = [];
    if (this.#storedFrom === this.#groups.length) return;
    const first = Math.floor(this.#storedFrom / PAGE_GROUPS);
    for (let page = first; page * PAGE_GROUPS < this.#groups.length; page++) {
      const from = page * PAGE_GROUPS;
      into.json(`${prefix}/groups/${page}`, this.#groups.slice(from, from + PAGE_GROUPS));
    }
    this.#storedFrom = this.#groups.length;
  }

  /** Takes over what `changes` gave. Called once, before any event. */
  restore(prefix: string, pages: StoredPages): void {
    for (const page of pages.numbersBelow(`${prefix}/groups`)) {
      for (const [name, labels] of pages.json<StoredGroup[]>(`${prefix}/groups/${page}`) ?? []) {
        this.intern(name, labels);
      }
    }
    this.#storedFrom = this.#groups.length;
  }
}
