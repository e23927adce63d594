import { PANES_MAX } from "../core/limits.ts";
import type { Pane } from "./pane.ts";

const SLOTS_MIN = 4;
const SPARES_MAX = 4;

/**
 * The panes that a rule holds, found by their ordinal: a ring whose slot is the ordinal modulo its
 * length. It grows while panes that are held collide; a pane that is farther from the others than the
 * largest ring reaches (one partition years ahead of another) stands apart.
 */
export class PaneRing {
  #slots: (Pane | undefined)[];
  #mask: number;
  readonly #apart = new Map<number, Pane>();
  /** The panes held, oldest first. */
  readonly held: Pane[] = [];
  /** Cleared panes whose memory is used again. */
  readonly #spares: Pane[] = [];

  /** @param panes How many are held at a time when all goes as usual. */
  constructor(panes: number) {
    let slots = SLOTS_MIN;
    while (slots < panes && slots < PANES_MAX) slots *= 2;
    this.#slots = new Array<Pane | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
  }

  get(ordinal: number): Pane | undefined {
    // The conversion to 32 bits keeps the low bits, which are all that a slot needs.
    const pane = this.#slots[ordinal & this.#mask];
    if (pane !== undefined && pane.ordinal === ordinal) return pane;
    return this.#apart.size === 0 ? undefined : this.#apart.get(ordinal);
  }

  /** Adds an open pane whose ordinal is not held. */
  add(pane: Pane): void {
    while (this.#slots[pane.ordinal & this.#mask] !== undefined && this.#slots.length < PANES_MAX) {
      this.#grow();
    }
    const slot = pane.ordinal & this.#mask;
    if (this.#slots[slot] === undefined) this.#slots[slot] = pane;
    else this.#apart.set(pane.ordinal, pane);
    let at = this.held.length;
    while (at > 0 && this.held[at - 1]!.ordinal > pane.ordinal) at--;
    this.held.splice(at, 0, pane);
  }

  /** Takes the oldest pane out; it must be cleared before it is given back to `recycle`. */
  removeOldest(): void {
    const pane = this.held.shift()!;
    const slot = pane.ordinal & this.#mask;
    if (this.#slots[slot] === pane) this.#slots[slot] = undefined;
    else this.#apart.delete(pane.ordinal);
  }

  recycle(pane: Pane): void {
    if (this.#spares.length < SPARES_MAX) this.#spares.push(pane);
  }

  /** A cleared pane, if one is left. */
  spare(): Pane | undefined {
    return this.#spares.pop();
  }

  #grow(): void {
    this.#mask = this.#slots.length * 2 - 1;
    const slots = new Array<Pane | undefined>(this.#mask + 1).fill(undefined);
    // Panes that did not collide before do not collide in a ring of twice the length.
    for (const pane of this.#slots) if (pane !== undefined) slots[pane.ordinal & this.#mask] = pane;
    this.#slots = slots;
  }
}
