import { bdi, h, KeyedList, setAttribute, setText, setVar, svg } from "../dom.ts";
import { clock, duration, iso, short, tiny, windowStart } from "../format.ts";
import type { Status } from "../live.ts";
import { t } from "../words.ts";

type Rule = Status["rules"][number];
type Window = Status["windows"][number];

/** A window as its cell shows it. */
interface Filling {
  readonly window: Window;
  /** How much of it the watermark has passed. */
  readonly filled: number;
  /** Events of the largest one beside it. */
  readonly most: number;
  readonly isFine: boolean;
}

const WINDOWS_SHOWN = 6;

/** Windows that have fired and are forgotten. */
const WINDOWS_REMEMBERED = 3;

/** Of the ring: its radius on a grid of 64, and how long that makes it. */
const RADIUS = 27;
const ROUND = 2 * Math.PI * RADIUS;

/** One rule: the ring tells how far the watermark is to the next firing, the cells its windows. */
export class RuleCard {
  readonly element: HTMLElement;
  readonly #name = bdi("", { class: "node-name" });
  readonly #window = h("code", { class: "rule-window" });
  readonly #facts = h("p", { class: "node-facts" });
  readonly #left = h("span", { class: "ring-left" });
  readonly #unit = h("span", { class: "ring-unit" });
  readonly #arc = svg("circle", {
    class: "ring-arc",
    cx: 32,
    cy: 32,
    r: RADIUS,
    "stroke-dasharray": ROUND,
  });
  readonly #ring: HTMLElement;
  /** Those that are held or were a moment ago, by their start. */
  readonly #seen = new Map<number, Window>();
  readonly #cells: KeyedList<Filling>;

  constructor() {
    const cells = h("ol", { class: "cells", "aria-label": t("windows") });
    this.#cells = new KeyedList(cells, () => new Cell());
    this.#ring = h(
      "div",
      { class: "ring", role: "img" },
      svg(
        "svg",
        { viewBox: "0 0 64 64", "aria-hidden": "true" },
        svg("circle", { class: "ring-track", cx: 32, cy: 32, r: RADIUS }),
        this.#arc,
      ),
      h("span", { class: "ring-text" }, this.#left, this.#unit),
    );
    this.element = h(
      "div",
      { class: "node rule-node", role: "listitem" },
      this.#ring,
      h(
        "div",
        { class: "rule-body" },
        h("div", { class: "node-head" }, this.#name, this.#window),
        this.#facts,
        cells,
      ),
    );
  }

  update({ rule, status }: { rule: Rule; status: Status }): void {
    setText(this.#name, rule.name);
    setText(this.#window, rule.window.replaceAll('"', ""));
    const facts = [
      t("series_held", { n: rule.series, shown: short(rule.series) }),
      t("windows_open", { n: rule.windows_open, shown: short(rule.windows_open) }),
      t("windows_fired", { n: rule.fired, shown: short(rule.fired) }),
    ];
    setText(this.#facts, facts.join(" · "));
    const watermark = status.watermark ?? -Infinity;
    const windows = this.#remembered(
      status.windows.filter((window) => window.rule === rule.name),
      watermark,
    );
    const next = windows.find(({ fired }) => !fired);
    const filled = next === undefined ? 0 : filledPart(next, watermark);
    setAttribute(this.#arc, "stroke-dashoffset", (ROUND * (1 - filled)).toFixed(1));
    const left = next === undefined ? undefined : Math.max(next.window_end - watermark, 0);
    const [count, unit] =
      left === undefined || !Number.isFinite(left) ? ["—", ""] : splitDuration(left);
    setText(this.#left, count);
    setText(this.#unit, unit);
    const said =
      left === undefined || !Number.isFinite(left)
        ? t("no_window_open")
        : t("fires_in", { left: duration(Math.ceil(left)) });
    setAttribute(this.#ring, "aria-label", said);
    const shown = windows.slice(-WINDOWS_SHOWN);
    const most = Math.max(...shown.map(({ count: events }) => events), 1);
    // One kind of label for all: with seconds where any of them needs them.
    const isFine = shown.some(({ window_start }) => window_start % 60 !== 0);
    this.#cells.update(
      shown.map((window) => ({ window, filled: filledPart(window, watermark), most, isFine })),
      ({ window }) => String(window.window_start),
    );
  }

  /** A rule that takes nothing late forgets a window as it fires: here it stays for a while. */
  #remembered(held: readonly Window[], watermark: number): Window[] {
    for (const window of held) this.#seen.set(window.window_start, window);
    const starts = new Set(held.map(({ window_start }) => window_start));
    for (const [start, window] of this.#seen) {
      if (starts.has(start)) continue;
      // A session that went on and merged is not one that fired.
      if (window.window_end > watermark) this.#seen.delete(start);
      else if (!window.fired) this.#seen.set(start, { ...window, fired: true });
    }
    const all = [...this.#seen.values()].sort((a, b) => a.window_start - b.window_start);
    const over = all.filter(({ window_start }) => !starts.has(window_start));
    for (const { window_start } of over.slice(0, -WINDOWS_REMEMBERED)) {
      this.#seen.delete(window_start);
    }
    return all.filter(({ window_start }) => this.#seen.has(window_start));
  }
}

/** How much of the window the watermark has passed. */
function filledPart({ window_start, window_end }: Window, watermark: number): number {
  return Math.min(Math.max((watermark - window_start) / (window_end - window_start), 0), 1);
}

function splitDuration(seconds: number): [string, string] {
  const text = duration(seconds < 100 ? Math.ceil(seconds) : seconds);
  const [count = "", unit = ""] = text.split(" ");
  return [count, unit];
}

/** One window: its column is as high as its count against the others, its foot as long as the watermark got. */
class Cell {
  readonly element: HTMLElement;
  readonly #count = h("span", { class: "cell-count" });
  readonly #start = h("span", { class: "cell-start" });
  readonly #said = h("span", { class: "unseen" });

  constructor() {
    this.element = h(
      "li",
      { class: "cell" },
      h(
        "span",
        { class: "cell-box", "aria-hidden": "true" },
        h("span", { class: "cell-level" }),
        this.#count,
      ),
      h("span", { class: "cell-foot", "aria-hidden": "true" }),
      h("span", { "aria-hidden": "true" }, this.#start),
      this.#said,
    );
  }

  update({ window, filled, most, isFine }: Filling): void {
    const state = window.fired ? "fired" : filled >= 1 ? "over" : filled > 0 ? "filling" : "ahead";
    setAttribute(this.element, "data-state", state);
    setVar(this.element, "--filled", filled.toFixed(3));
    setVar(this.element, "--level", (window.count / most).toFixed(3));
    setText(this.#count, tiny(window.count, 100_000));
    const { window_start, window_end } = window;
    setText(this.#start, isFine ? clock(window_start) : windowStart(window_start, window_end));
    const word = window.fired ? "window_fired" : "window_open";
    setText(
      this.#said,
      t(word, {
        start: windowStart(window.window_start, window.window_end),
        n: window.count,
        shown: short(window.count),
      }),
    );
    setAttribute(this.element, "title", `${iso(window.window_start)} – ${iso(window.window_end)}`);
  }
}
