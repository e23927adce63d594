import type { SeriesPage } from "../../../../pipeline/view.ts";
import { AnswerError, get } from "../api.ts";
import { bdi, h, setAttribute, setText } from "../dom.ts";
import { whole } from "../format.ts";
import { icon } from "../icons.ts";
import type { Live } from "../live.ts";
import { button, emptyState } from "../parts.ts";
import { t } from "../words.ts";
import { labelsOf } from "./labels.ts";
import { type Picked, seriesId } from "./series-data.ts";

const PAGE = 50;
const PAGE_MAX = 1_000;
const TYPING_MS = 120;

interface Handlers {
  isPicked(series: Picked): boolean;
  onPick(series: Picked, isPicked: boolean): void;
  /** The first answer, before anything was searched for. */
  onFirst(series: readonly Picked[]): void;
}

/** Finds series by parts of their names: the service searches, only what fits is here. */
export class SeriesSearch {
  readonly element: HTMLElement;
  readonly #handlers: Handlers;
  readonly #input: HTMLInputElement;
  readonly #count = h("p", { class: "hint", role: "status" });
  readonly #list = h("ul", { class: "series-list" });
  readonly #more: HTMLButtonElement;
  readonly #empty = emptyState("search", t("no_series"), t("no_series_text"));
  readonly #boxes = new Map<string, HTMLInputElement>();
  #limit = PAGE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;
  #hasFirst = false;
  #known = -1;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
    this.#input = h("input", {
      type: "search",
      id: "series-search",
      placeholder: t("search_placeholder"),
      autocomplete: "off",
      spellcheck: "false",
      dir: "auto",
      maxlength: 500,
      oninput: () => this.#typed(),
    });
    this.#more = button(t("show_more"), () => {
      this.#limit = Math.min(this.#limit * 4, PAGE_MAX);
      void this.#ask();
    });
    this.#empty.hidden = true;
    this.#more.hidden = true;
    this.element = h(
      "section",
      { class: "card search-card", "aria-label": t("series") },
      h("label", { class: "unseen", for: "series-search" }, t("search_series")),
      h("div", { class: "search-field" }, icon("search"), this.#input),
      this.#count,
      h(
        "div",
        { class: "series-scroll", tabindex: "0", role: "group", "aria-label": t("found_series") },
        this.#list,
        this.#empty,
        this.#more,
      ),
    );
    void this.#ask();
  }

  /** New series may have come: what is shown is asked for again. */
  update({ status }: Live): void {
    const count = status?.results.series ?? 0;
    if (count === this.#known) return;
    this.#known = count;
    void this.#ask();
  }

  showPicked(): void {
    for (const [id, box] of this.#boxes) {
      const [rule, name, agg_func, labels] = JSON.parse(id) as [
        string,
        string,
        string,
        Picked["labels"],
      ];
      box.checked = this.#handlers.isPicked({ rule, name, agg_func, labels });
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  #typed(): void {
    clearTimeout(this.#timer);
    setAttribute(this.#list, "aria-busy", "true");
    this.#timer = setTimeout(() => {
      this.#limit = PAGE;
      void this.#ask();
    }, TYPING_MS);
  }

  async #ask(): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const query = new URLSearchParams({ search: this.#input.value, limit: String(this.#limit) });
    try {
      this.#show(await get<SeriesPage>(`/series?${query}`, asking.signal));
    } catch (failure) {
      if (failure instanceof AnswerError) setText(this.#count, failure.message);
    }
  }

  #show({ series, matched, total }: SeriesPage): void {
    setAttribute(this.#list, "aria-busy", undefined);
    setText(
      this.#count,
      t("series_found", { n: matched, shown: whole(matched), total: whole(total) }),
    );
    this.#empty.hidden = series.length > 0;
    this.#more.hidden = series.length >= matched || series.length >= PAGE_MAX;
    // Whoever is in the list by the keyboard stays where they are, whatever comes.
    const [focused] = [...this.#boxes].find(([, box]) => box === document.activeElement) ?? [];
    this.#boxes.clear();
    this.#list.replaceChildren(...series.map((one) => this.#item(one)));
    if (focused !== undefined) this.#boxes.get(focused)?.focus({ preventScroll: true });
    if (!this.#hasFirst && series.length > 0) {
      this.#hasFirst = true;
      this.#handlers.onFirst(series);
    }
  }

  #item(series: Picked): HTMLElement {
    const box = h("input", {
      type: "checkbox",
      onchange: () => this.#handlers.onPick(series, box.checked),
    });
    box.checked = this.#handlers.isPicked(series);
    this.#boxes.set(seriesId(series), box);
    return h(
      "li",
      {},
      h(
        "label",
        { class: "series-item" },
        box,
        h("span", { class: "series-name" }, bdi(series.name), labelsOf(series.labels)),
        h("span", { class: "series-facts" }, h("code", {}, series.agg_func), " ", bdi(series.rule)),
      ),
    );
  }
}
