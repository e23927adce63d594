import type { ObjectAggregation } from "../core/aggregation.ts";
import type { PageCollector, StoredPages } from "../core/stored.ts";

/** The state of a function that threw: it stays so until its window is gone. */
export class FailedState {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const TAG_STATE = 0;
const TAG_FAILED = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A slot in use, and the function whose accumulator it holds. */
export interface SlotOwner {
  readonly slot: number;
  readonly aggregation: ObjectAggregation;
}

/** Accumulators that are objects, each in a slot with a number; numbers are given again. */
export class ObjectSlots {
  readonly #items: unknown[] = [];
  /** Whose slot it is; undefined for a free one. */
  readonly #aggregations: (ObjectAggregation | undefined)[] = [];
  readonly #free: number[] = [];
  /** Slots that changed, and those that were given back, since they were stored. */
  readonly #changed = new Set<number>();
  readonly #removed = new Set<number>();
  /** Slots of which something is stored, until the removal of their pages is gathered. */
  readonly #stored = new Set<number>();

  add(item: unknown, aggregation: ObjectAggregation): number {
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
    this.#aggregations[slot] = aggregation;
    this.#changed.add(slot);
    this.#removed.delete(slot);
    return slot;
  }

  get(slot: number): unknown {
    return this.#items[slot];
  }

  set(slot: number, item: unknown): void {
    this.#items[slot] = item;
    this.#changed.add(slot);
  }

  remove(slot: number): void {
    this.#items[slot] = undefined;
    this.#aggregations[slot] = undefined;
    this.#free.push(slot);
    this.#changed.delete(slot);
    if (this.#stored.has(slot)) this.#removed.add(slot);
  }

  /** Forgets all; whoever stored them removes their pages. */
  clear(): void {
    this.#items.length = 0;
    this.#aggregations.length = 0;
    this.#free.length = 0;
    this.#changed.clear();
    this.#removed.clear();
    this.#stored.clear();
  }

  /** Gathers what changed since the last call. */
  changes(prefix: string, into: PageCollector): void {
    for (const slot of this.#removed) {
      into.remove.push(`${prefix}/object/${slot}`);
      this.#stored.delete(slot);
    }
    this.#removed.clear();
    for (const slot of this.#changed) {
      const item = this.#items[slot];
      const body =
        item instanceof FailedState
          ? tagged(TAG_FAILED, encoder.encode(item.message))
          : tagged(TAG_STATE, this.#aggregations[slot]!.encode(item));
      into.put.push({ key: `${prefix}/object/${slot}`, bytes: body });
      this.#stored.add(slot);
    }
    this.#changed.clear();
  }

  /** Takes over what `changes` gave. @param owners The slots in use, and whose they are. */
  restore(prefix: string, pages: StoredPages, owners: Iterable<SlotOwner>): void {
    const stored = new Map<number, Uint8Array>();
    for (const { word, bytes } of pages.below(`${prefix}/object`)) stored.set(Number(word), bytes);
    for (const { slot, aggregation } of owners) {
      const bytes = stored.get(slot)!;
      const body = bytes.subarray(1);
      this.#items[slot] =
        bytes[0] === TAG_FAILED
          ? new FailedState(decoder.decode(body))
          : aggregation.decode(new Uint8Array(body));
      this.#aggregations[slot] = aggregation;
    }
    for (const slot of stored.keys()) {
      this.#stored.add(slot);
      // A page that was left behind.
      if (this.#aggregations[slot] === undefined) this.#removed.add(slot);
    }
    for (let slot = 0; slot < this.#items.length; slot++) {
      if (this.#aggregations[slot] === undefined) this.#free.push(slot);
    }
  }
}

function tagged(tag: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = tag;
  bytes.set(body, 1);
  return bytes;
}
