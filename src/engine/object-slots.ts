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

/** Accumulators that are objects, each in a slot with a number; numbers are given again. */
export class ObjectSlots {
  readonly #items: unknown[] = [];
  readonly #free: number[] = [];
  /** Slots that changed, and those that were given back, since they were stored. */
  readonly #changed = new Set<number>();
  readonly #removed = new Set<number>();
  /** Slots of which something is stored. */
  readonly #stored = new Set<number>();

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  add(item: unknown): number {
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
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
    this.#free.push(slot);
    this.#changed.delete(slot);
    if (this.#stored.delete(slot)) this.#removed.add(slot);
  }

  /** Forgets all; whoever stored them removes their pages. */
  clear(): void {
    this.#items.length = 0;
    this.#free.length = 0;
    this.#changed.clear();
    this.#removed.clear();
    this.#stored.clear();
  }

  /** Gathers what changed since the last call. @param aggregationOf Whose slot it is. */
  changes(
    prefix: string,
    into: PageCollector,
    aggregationOf: (slot: number) => ObjectAggregation,
  ): void {
    for (const slot of this.#removed) into.remove.push(`${prefix}/object/${slot}`);
    this.#removed.clear();
    for (const slot of this.#changed) {
      const item = this.#items[slot];
      const body =
        item instanceof FailedState
          ? tagged(TAG_FAILED, encoder.encode(item.message))
          : tagged(TAG_STATE, aggregationOf(slot).encode(item));
      into.put.push({ key: `${prefix}/object/${slot}`, bytes: body });
      this.#stored.add(slot);
    }
    this.#changed.clear();
  }

  /** Takes back a slot that `changes` gave. */
  restore(slot: number, aggregation: ObjectAggregation, bytes: Uint8Array): void {
    const body = bytes.subarray(1);
    this.#items[slot] =
      bytes[0] === TAG_FAILED
        ? new FailedState(decoder.decode(body))
        : aggregation.decode(body.slice());
    this.#stored.add(slot);
  }

  /** After all `restore`: the numbers between them are free. */
  settle(): void {
    for (let slot = 0; slot < this.#items.length; slot++) {
      if (!this.#stored.has(slot)) this.#free.push(slot);
    }
  }
}

/** The stored objects below `prefix`, by slot. */
export function storedObjects(prefix: string, pages: StoredPages): Map<number, Uint8Array> {
  return new Map(
    [...pages.below(`${prefix}/object`)].map(({ word, bytes }) => [Number(word), bytes]),
  );
}

function tagged(tag: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = tag;
  bytes.set(body, 1);
  return bytes;
}
