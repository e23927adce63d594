import type { PageCollector, StoredPages } from "../core/stored.ts";
import type { EpochMicros } from "../core/time.ts";
import type { PaneLayout } from "./pane-layout.ts";

/** A window that is held: how often it fired, and what changed since. */
export interface WindowState {
  readonly ordinal: number;
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  /** How often it fired: the next revision. */
  firings: number;
  /** Keys of the series that changed since it fired; undefined before that. */
  changed: Set<number> | undefined;
  /** Whether its rows said that events are missing. */
  partial: boolean;
  /** How often it had fired when it was stored; -1: nothing is stored, or what is has to be written anew. */
  storedFirings: number;
  isStored: boolean;
}

/** The windows that are held, oldest first, found by their ordinal. */
export class WindowList {
  readonly held: WindowState[] = [];
  readonly #layout: PaneLayout;
  readonly #byOrdinal = new Map<number, WindowState>();
  #removed: number[] = [];

  constructor(layout: PaneLayout) {
    this.#layout = layout;
  }

  startOf(ordinal: number): EpochMicros {
    return this.#layout.startOf(ordinal * this.#layout.every);
  }

  endOf(ordinal: number): EpochMicros {
    return this.#layout.startOf(ordinal * this.#layout.every + this.#layout.span);
  }

  /** The windows that a pane is part of. */
  ofPane(pane: number): { readonly first: number; readonly last: number } {
    const { every, span } = this.#layout;
    return { first: Math.ceil((pane - span + 1) / every), last: Math.floor(pane / every) };
  }

  get(ordinal: number): WindowState | undefined {
    return this.#byOrdinal.get(ordinal);
  }

  /** The window with an ordinal; held from now on. */
  ensure(ordinal: number): WindowState {
    const known = this.#byOrdinal.get(ordinal);
    if (known !== undefined) return known;
    const window: WindowState = {
      ordinal,
      start: this.startOf(ordinal),
      end: this.endOf(ordinal),
      firings: 0,
      changed: undefined,
      partial: false,
      storedFirings: -1,
      isStored: false,
    };
    this.#byOrdinal.set(ordinal, window);
    let at = this.held.length;
    while (at > 0 && this.held[at - 1]!.ordinal > ordinal) at--;
    this.held.splice(at, 0, window);
    return window;
  }

  removeOldest(): void {
    const { ordinal, isStored } = this.held.shift()!;
    this.#byOrdinal.delete(ordinal);
    if (isStored) this.#removed.push(ordinal);
  }

  /** Gathers what changed since the last call. */
  changes(prefix: string, into: PageCollector): void {
    for (const ordinal of this.#removed) into.remove.push(`${prefix}/window/${ordinal}`);
    this.#removed = [];
    for (const window of this.held) {
      // One that has not fired follows from its panes.
      if (window.firings === 0) continue;
      const changed = [...(window.changed ?? [])];
      if (window.firings === window.storedFirings && changed.length === 0) continue;
      const { firings, partial } = window;
      const stored: StoredWindow = {
        firings,
        ...(changed.length === 0 ? {} : { changed }),
        ...(partial ? { partial } : {}),
      };
      into.json(`${prefix}/window/${window.ordinal}`, stored);
      window.isStored = true;
      // What changed since an early firing is to be written again when that has fired.
      window.storedFirings = changed.length === 0 ? firings : -1;
    }
  }

  /** Takes over what `changes` gave. Called once, before any pane is there. */
  restore(prefix: string, pages: StoredPages): void {
    for (const word of pages.wordsBelow(`${prefix}/window`)) {
      this.#restoreOne(Number(word), pages.json<StoredWindow>(`${prefix}/window/${word}`));
    }
    // Before version 0.2 the panes had it: there were tumbling windows only.
    for (const word of pages.wordsBelow(`${prefix}/pane`)) {
      this.#restoreOne(Number(word), pages.json<StoredWindow>(`${prefix}/pane/${word}/state`));
    }
  }

  #restoreOne(ordinal: number, stored: StoredWindow | undefined): void {
    if (stored === undefined || stored.firings === 0) return;
    const window = this.ensure(ordinal);
    window.firings = stored.firings;
    window.changed = new Set(stored.changed);
    window.partial = stored.partial ?? false;
    window.storedFirings = stored.changed === undefined ? stored.firings : -1;
    window.isStored = true;
  }
}

interface StoredWindow {
  readonly firings: number;
  /** Keys of the series that changed since. */
  readonly changed?: readonly number[];
  readonly partial?: boolean;
}
