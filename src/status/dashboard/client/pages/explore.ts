import { Chart, type ChartRange } from "../chart.ts";
import { bdi, h, setAttribute, setText, visible } from "../dom.ts";
import { duration, iso, moment, value, whole } from "../format.ts";
import { icon } from "../icons.ts";
import type { Live } from "../live.ts";
import type { Page } from "../page.ts";
import { button, emptyState } from "../parts.ts";
import { t } from "../words.ts";
import { labelsOf } from "./labels.ts";
import { type Picked, SeriesData, seriesId } from "./series-data.ts";
import { EVERYTHING } from "./series-history.ts";
import { SeriesSearch } from "./series-search.ts";

const TABLE_ROWS_MAX = 200;
/** Seconds of the buttons beside the chart. The longer ones are out of the sink, where it can be read. */
const SPANS = [300, 3_600, 21_600, 86_400, 604_800, 2_592_000, "all", "recent"] as const;

type Span = (typeof SPANS)[number];

/** Series over time: searched on the left, drawn on the right, as a table for who cannot see a chart. */
export function explorePage(query: URLSearchParams): Page {
  return new Explore(query);
}

class Explore implements Page {
  readonly element: HTMLElement;
  readonly #data = new SeriesData(() => this.#draw());
  readonly #search: SeriesSearch;
  readonly #canvas: HTMLElement;
  readonly #chart: Chart;
  readonly #legend = h("ul", { class: "legend", "aria-label": t("chosen_series") });
  readonly #table = h("div", {
    class: "scroller chart-table",
    tabindex: "0",
    role: "group",
    "aria-label": t("values_table"),
  });
  readonly #empty = emptyState("explore", t("nothing_chosen"), t("nothing_chosen_text"));
  readonly #spans: HTMLButtonElement[];
  /** Where the past comes from, and how finely. */
  readonly #past = h("p", { class: "hint chart-past", role: "status" });
  readonly #tail: HTMLButtonElement;
  readonly #asTable: HTMLButtonElement;
  readonly #values = new Map<string, HTMLElement>();
  #cursor: number | null = null;
  #isTable = false;
  #isTailing = true;
  /** What is looked at: the last seconds, all there is, what is in memory; undefined: something between. */
  #span: Span | undefined = "recent";

  constructor(query: URLSearchParams) {
    this.#canvas = h("div", {
      class: "chart",
      tabindex: "0",
      role: "group",
      "aria-label": t("chart_help"),
    });
    this.#chart = new Chart(this.#canvas, {
      onCursor: (index) => {
        this.#cursor = index;
        this.#showValues();
      },
      onRange: (range) => this.#ranged(range),
    });
    this.#search = new SeriesSearch({
      isPicked: (series) => this.#data.has(series),
      onPick: (series, isPicked) => this.#pick(series, isPicked),
      onFirst: (series) => {
        if (this.#data.picked.length === 0 && query.getAll("s").length === 0) {
          for (const one of alike(series)) this.#pick(one, true);
        }
      },
    });
    this.#spans = SPANS.map((span) =>
      h(
        "button",
        {
          type: "button",
          class: "segment",
          "aria-pressed": String(span === this.#span),
          "aria-label": span === "all" ? t("all_time_help") : undefined,
          title: span === "all" ? t("all_time_help") : undefined,
          onclick: () => this.#show(span),
        },
        spanText(span),
      ),
    );
    this.#tail = button(t("live_tail"), () => this.#setTail(!this.#isTailing), {
      picture: "play",
      kind: "toggle",
      "aria-pressed": "true",
    });
    this.#asTable = button(t("as_table"), () => this.#setTable(!this.#isTable), {
      picture: "table",
      kind: "toggle",
      "aria-pressed": "false",
    });
    this.element = h(
      "div",
      { class: "page explore" },
      this.#search.element,
      h(
        "section",
        { class: "card chart-card", "aria-label": t("chart") },
        h(
          "header",
          { class: "chart-head" },
          h(
            "div",
            { class: "segments", role: "group", "aria-label": t("time_span") },
            ...this.#spans,
          ),
          h("div", { class: "chart-tools" }, this.#tail, this.#asTable),
        ),
        this.#empty,
        this.#canvas,
        this.#table,
        this.#legend,
        this.#past,
        h(
          "p",
          { class: "hint" },
          t(matchMedia("(pointer: coarse)").matches ? "chart_hint_touch" : "chart_hint"),
        ),
      ),
    );
    for (const text of query.getAll("s")) {
      const picked = pickedOf(text);
      if (picked !== undefined) this.#pick(picked, true);
    }
    this.#draw();
  }

  update(live: Live): void {
    this.#search.update(live);
    if (this.#isTailing && live.status !== undefined) this.#data.follow(live.status.results.added);
  }

  close(): void {
    this.#chart.close();
    this.#data.close();
    this.#search.close();
  }

  #pick(series: Picked, isPicked: boolean): void {
    if (isPicked) this.#data.add(series);
    else this.#data.remove(series);
    const query = new URLSearchParams(this.#data.picked.map((one) => ["s", seriesId(one)]));
    history.replaceState(null, "", `#/explore${this.#data.picked.length === 0 ? "" : `?${query}`}`);
    this.#search.showPicked();
    this.#drawLegend();
    this.#draw();
  }

  #draw(): void {
    const { picked } = this.#data;
    const hasSome = picked.length > 0;
    this.#empty.hidden = hasSome;
    this.#canvas.hidden = !hasSome || this.#isTable;
    this.#table.hidden = !hasSome || !this.#isTable;
    if (!hasSome) return;
    if (this.#isTable) this.#drawTable();
    else {
      this.#chart.draw(
        picked.map((series) => ({
          label: series.name,
          colour: series.colour,
          points: this.#data.points(series),
          extremes: this.#data.extremes(series),
        })),
      );
      if (typeof this.#span === "number") this.#show(this.#span);
    }
    this.#showValues();
    this.#showPast();
  }

  #show(span: Span): void {
    // Nothing has fired since a restart: the sink may know what was before.
    const end = this.#chart.times.at(-1) ?? Date.now() / 1000;
    const range = typeof span === "number" ? { from: end - span, to: end + span / 50 } : undefined;
    this.#chart.view(range);
    this.#looked(span, span === "all" ? EVERYTHING : range);
  }

  /** By hand. */
  #ranged(range: ChartRange | undefined): void {
    this.#looked(range === undefined ? "recent" : undefined, range);
  }

  #looked(span: Span | undefined, range: ChartRange | undefined): void {
    this.#span = span;
    this.#data.look(range);
    for (const [i, segment] of this.#spans.entries())
      setAttribute(segment, "aria-pressed", String(SPANS[i] === span));
  }

  #setTail(isTailing: boolean): void {
    this.#isTailing = isTailing;
    setAttribute(this.#tail, "aria-pressed", String(isTailing));
  }

  #setTable(isTable: boolean): void {
    this.#isTable = isTable;
    setAttribute(this.#asTable, "aria-pressed", String(isTable));
    this.#draw();
  }

  #drawLegend(): void {
    this.#values.clear();
    this.#legend.replaceChildren(
      ...this.#data.picked.map((series) => {
        const shown = h("span", { class: "legend-value" }, "—");
        this.#values.set(seriesId(series), shown);
        return h(
          "li",
          { class: "legend-item", "data-colour": series.colour + 1 },
          h("i", { class: "swatch", "aria-hidden": "true" }),
          h(
            "span",
            { class: "legend-name" },
            bdi(series.name),
            labelsOf(series.labels),
            h("small", {}, `${series.agg_func} · `, bdi(series.rule)),
          ),
          shown,
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": t("remove_series", { name: visible(series.name) }),
              onclick: () => this.#pick(series, false),
            },
            icon("close"),
          ),
        );
      }),
    );
  }

  /** Under the pointer, else the newest. */
  #showValues(): void {
    const time = this.#cursor === null ? undefined : this.#chart.times[this.#cursor];
    for (const series of this.#data.picked) {
      const node = this.#values.get(seriesId(series));
      const points = this.#data.points(series);
      const shown = time === undefined ? [...points.values()].at(-1) : points.get(time);
      if (node !== undefined) setText(node, shown === undefined ? "—" : value(shown));
    }
  }

  #showPast(): void {
    const { past } = this.#data;
    this.#past.hidden = past === undefined;
    if (past === undefined) return;
    const { isLoading, error, sink = "", step, cutAt } = past;
    const cut = cutAt === undefined ? "" : ` ${t("past_cut", { at: moment(cutAt) })}`;
    this.#past.dataset["tone"] = error === undefined ? "calm" : "bad";
    if (isLoading) setText(this.#past, t("past_loading"));
    else if (error !== undefined) setText(this.#past, visible(error));
    else if (typeof step !== "number")
      setText(this.#past, t("past_whole", { sink: visible(sink) }) + cut);
    else setText(this.#past, t("past_steps", { sink: visible(sink), step: duration(step) }) + cut);
  }

  #drawTable(): void {
    const { picked } = this.#data;
    const times = [
      ...new Set(picked.flatMap((series) => [...this.#data.points(series).keys()])),
    ].sort((a, b) => b - a);
    this.#table.replaceChildren(
      h(
        "table",
        { class: "rows" },
        h("caption", { class: "unseen" }, t("values_table")),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, t("window_start")),
            ...picked.map((series) =>
              h(
                "th",
                { scope: "col", class: "number" },
                bdi(series.name),
                h("small", {}, ` ${series.agg_func}`),
              ),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          ...times
            .slice(0, TABLE_ROWS_MAX)
            .map((time) =>
              h(
                "tr",
                {},
                h("th", { scope: "row" }, h("time", { datetime: iso(time) }, moment(time))),
                ...picked.map((series) =>
                  h("td", { class: "number" }, value(this.#data.points(series).get(time) ?? null)),
                ),
              ),
            ),
        ),
      ),
    );
    if (times.length > TABLE_ROWS_MAX)
      this.#table.append(
        h(
          "p",
          { class: "hint" },
          t("newest_of", { shown: whole(TABLE_ROWS_MAX), total: whole(times.length) }),
        ),
      );
  }
}

/** Something to see at once: what can be compared with each other. */
function alike(series: readonly Picked[]): Picked[] {
  const [first] = series;
  return series
    .filter(({ rule, agg_func }) => rule === first?.rule && agg_func === first.agg_func)
    .slice(0, 3);
}

function spanText(span: Span): string {
  if (span === "all") return t("all_time");
  if (span === "recent") return t("recent_time");
  if (span >= 86_400) return t("days_short", { n: span / 86_400 });
  return span >= 3_600
    ? t("hours_short", { n: span / 3_600 })
    : t("minutes_short", { n: span / 60 });
}

/** What stands in the address, which anybody may have written. */
function pickedOf(text: string): Picked | undefined {
  try {
    const parts: unknown = JSON.parse(text);
    if (!Array.isArray(parts)) return undefined;
    const [rule, name, agg_func, labels] = parts as unknown[];
    if (typeof rule !== "string" || typeof name !== "string" || typeof agg_func !== "string")
      return undefined;
    const pairs = typeof labels === "object" && labels !== null ? Object.entries(labels) : [];
    return {
      rule,
      name,
      agg_func,
      labels: Object.fromEntries(pairs.map(([label, one]) => [label, String(one)])),
    };
  } catch {
    return undefined;
  }
}
