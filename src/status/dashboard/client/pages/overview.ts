import { bdi, h, setText } from "../dom.ts";
import { clock, duration, rate, short, value, windowStart } from "../format.ts";
import type { Live } from "../live.ts";
import type { Page } from "../page.ts";
import { emptyState, Spark } from "../parts.ts";
import { t, type Word } from "../words.ts";
import { FlowPicture } from "./flow.ts";
import { labelsOf } from "./labels.ts";
import { TimeStrip } from "./time-strip.ts";

/** Seconds of a sparkline. */
const SPAN = 120;
const ROWS_SHOWN = 12;
/** Over so long rates are told. Results come by the window: over a minute there is a rate of them. */
const EVENTS_SECONDS = 5;
const ROWS_SECONDS = 60;

export function overviewPage(): Page {
  const tiles = [
    new Tile(
      "events_per_second",
      (samples) => ratesOf(samples, 1),
      rate,
      (live) => rateOver(live, EVENTS_SECONDS, 1),
    ),
    new Tile(
      "rows_per_second",
      (samples) => ratesOf(samples, 2),
      rate,
      (live) => rateOver(live, ROWS_SECONDS, 2),
    ),
    new Tile("lag", (samples) => samples.map((sample) => sample[3] ?? 0), duration),
    new Tile("waiting", (samples) => samples.map((sample) => sample[4]), short),
    new Tile("refused_tile", (samples) => samples.map((sample) => sample[5]), short),
  ];
  const strip = new TimeStrip();
  const flow = new FlowPicture();
  const results = new LatestRows();
  const element = h(
    "div",
    { class: "page" },
    strip.element,
    h("div", { class: "tiles" }, ...tiles.map((tile) => tile.element)),
    flow.element,
    results.element,
  );
  return {
    element,
    update(live) {
      if (live.status === undefined) return;
      for (const tile of tiles) tile.update(live);
      strip.update(live.status);
      flow.update(live.status, rateOver(live, EVENTS_SECONDS, 1), rateOver(live, ROWS_SECONDS, 2));
      results.update(live);
    },
    close: () => flow.close(),
  };
}

/** Smoothed over some seconds. */
function rateOver({ history }: Live, seconds: number, field: 1 | 2): number {
  const last = history.at(-1);
  const before = history.at(-1 - seconds) ?? history[0];
  if (last === undefined || before === undefined || last[0] <= before[0]) return 0;
  return Math.max((last[field] - before[field]) / (last[0] - before[0]), 0);
}

function ratesOf(samples: Live["history"], field: 1 | 2): number[] {
  return samples.slice(1).map((sample, i) => {
    const before = samples[i]!;
    const seconds = sample[0] - before[0];
    return seconds > 0 ? Math.max((sample[field] - before[field]) / seconds, 0) : 0;
  });
}

class Tile {
  readonly element: HTMLElement;
  readonly #value = h("p", { class: "tile-value" }, "—");
  readonly #spark = new Spark();
  readonly #values: (samples: Live["history"]) => number[];
  readonly #text: (value: number) => string;
  readonly #now: ((live: Live) => number) | undefined;
  #drawnAt = 0;

  /** @param now What is shown as the number; undefined: the last of the values. */
  constructor(
    word: Word,
    values: (samples: Live["history"]) => number[],
    text: (value: number) => string,
    now?: (live: Live) => number,
  ) {
    this.#now = now;
    this.#values = values;
    this.#text = text;
    this.element = h(
      "div",
      { class: "tile", "data-tile": word },
      h("p", { class: "tile-name" }, t(word)),
      this.#value,
      this.#spark.element,
    );
  }

  update(live: Live): void {
    const { history } = live;
    const newest = history.at(-1)?.[0] ?? 0;
    if (newest === this.#drawnAt) return;
    this.#drawnAt = newest;
    const values = this.#values(history.slice(-SPAN));
    setText(this.#value, this.#text(this.#now?.(live) ?? values.at(-1) ?? 0));
    this.#spark.set(values);
  }
}

/** What fired last, in plain sight. */
class LatestRows {
  readonly element: HTMLElement;
  readonly #body = h("tbody");
  readonly #empty = emptyState("explore", t("no_rows"), t("no_rows_text"));
  readonly #table: HTMLElement;
  readonly #skipped = h("p", { class: "hint" });
  #shown: unknown;

  constructor() {
    const heads = (["series", "function", "value", "events", "window", "fired_at"] as const).map(
      (word) =>
        h(
          "th",
          { scope: "col", class: word === "value" || word === "events" ? "number" : "" },
          t(word),
        ),
    );
    this.#table = h(
      "div",
      { class: "scroller", tabindex: "0", role: "group", "aria-label": t("latest_rows") },
      h("table", { class: "rows latest" }, h("thead", {}, h("tr", {}, ...heads)), this.#body),
    );
    this.element = h(
      "section",
      { class: "card", "aria-labelledby": "latest" },
      h(
        "header",
        { class: "card-head" },
        h("h2", { id: "latest" }, t("latest_rows")),
        this.#skipped,
      ),
      this.#empty,
      this.#table,
    );
  }

  update({ rows }: Live): void {
    this.#empty.hidden = rows.length > 0;
    this.#table.hidden = rows.length === 0;
    if (this.#shown === rows) return;
    this.#shown = rows;
    const newest = rows.slice(-ROWS_SHOWN).reverse();
    this.#body.replaceChildren(
      ...newest.map((row) => {
        const query = new URLSearchParams({
          s: JSON.stringify([row.rule, row.name, row.agg_func, row.labels]),
        });
        return h(
          "tr",
          {},
          h(
            "th",
            { scope: "row" },
            h("a", { class: "name", href: `#/explore?${query}` }, bdi(row.name)),
            " ",
            labelsOf(row.labels),
          ),
          h("td", {}, h("code", {}, row.agg_func)),
          h("td", { class: "number strong" }, value(row.value)),
          h("td", { class: "number" }, short(row.count)),
          h(
            "td",
            {},
            bdi(row.rule),
            h("small", {}, ` ${windowStart(row.window_start, row.window_end)}`),
          ),
          h(
            "td",
            {},
            clock(row.window_end),
            row.revision > 0
              ? h("span", { class: "tag" }, t("revision", { n: row.revision }))
              : null,
          ),
        );
      }),
    );
  }
}
