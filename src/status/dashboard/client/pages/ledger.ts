import { LEDGER_OUTCOMES, type LedgerOutcome } from "../../../../core/ledger.ts";
import { bdi, h, setAttribute, setText, setVar } from "../dom.ts";
import { percent, short, whole } from "../format.ts";
import type { Live, Status } from "../live.ts";
import type { Page } from "../page.ts";
import { Pill } from "../parts.ts";
import { t, type Word } from "../words.ts";

type Counts = Omit<Status["ledger"], "rules">;

/** Told beside the account. */
const BESIDE = ["late_partial", "replayed", "gaps", "tombstones"] as const;

/** The account of every event: an equation, a bar, and the same for each rule. */
export function ledgerPage(): Page {
  const received = h("p", { class: "sum-value" }, "—");
  const pill = new Pill();
  const bar = new Bar();
  const terms = LEDGER_OUTCOMES.map((outcome) => new Term(outcome));
  const beside = BESIDE.map((word) => ({ word, value: h("dd", {}, "0") }));
  const rules = h("tbody");
  let shown = "";
  const heads: Word[] = ["rule", "received", ...LEDGER_OUTCOMES];
  const element = h(
    "div",
    { class: "page" },
    h(
      "section",
      { class: "card sum", "aria-labelledby": "sum-title" },
      h(
        "header",
        { class: "card-head" },
        h("h2", { id: "sum-title" }, t("every_event")),
        pill.element,
      ),
      h(
        "div",
        { class: "equation" },
        h(
          "div",
          { class: "sum-term received" },
          received,
          h("p", { class: "sum-name" }, t("received")),
        ),
        h("span", { class: "sum-sign", "aria-label": t("equals") }, "="),
        h(
          "ul",
          { class: "sum-terms" },
          ...terms.map((term, i) =>
            h(
              "li",
              {},
              i === 0 ? null : h("span", { class: "sum-sign", "aria-label": t("plus") }, "+"),
              term.element,
            ),
          ),
        ),
      ),
      bar.element,
      h("p", { class: "hint" }, t("ledger_hint")),
    ),
    h(
      "section",
      { class: "card", "aria-labelledby": "outcomes-title" },
      h("h2", { id: "outcomes-title" }, t("outcomes")),
      h("ul", { class: "outcomes" }, ...terms.map(({ line }) => line)),
    ),
    h(
      "section",
      { class: "card", "aria-labelledby": "beside-title" },
      h("h2", { id: "beside-title" }, t("beside")),
      h(
        "dl",
        { class: "facts" },
        ...beside.map(({ word, value }) =>
          h(
            "div",
            {},
            h("dt", {}, t(word)),
            value,
            h("dd", { class: "hint" }, t(`${word}_text` as Word)),
          ),
        ),
      ),
    ),
    h(
      "section",
      { class: "card", "aria-labelledby": "per-rule-title" },
      h("h2", { id: "per-rule-title" }, t("per_rule")),
      h(
        "div",
        { class: "scroller", tabindex: "0", role: "group", "aria-label": t("per_rule") },
        h(
          "table",
          { class: "rows" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ...heads.map((word, i) =>
                h("th", { scope: "col", class: i === 0 ? "" : "number" }, t(word)),
              ),
              h("th", { scope: "col" }, t("balance")),
            ),
          ),
          rules,
        ),
      ),
    ),
  );
  return {
    element,
    update({ status }: Live) {
      if (status === undefined) return;
      const { ledger } = status;
      setText(received, whole(ledger.received));
      pill.set(ledger.balanced ? "good" : "bad", t(ledger.balanced ? "balanced" : "not_balanced"));
      bar.update(ledger);
      for (const term of terms) term.update(ledger);
      for (const { word, value } of beside) setText(value, whole(ledger[word]));
      const state = JSON.stringify(ledger.rules);
      if (state === shown) return;
      shown = state;
      rules.replaceChildren(
        ...Object.entries(ledger.rules).map(([name, counts]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, bdi(name)),
            h("td", { class: "number strong" }, short(counts.received)),
            ...LEDGER_OUTCOMES.map((outcome) =>
              h(
                "td",
                { class: counts[outcome] === 0 ? "number faint" : "number" },
                short(counts[outcome]),
              ),
            ),
            h(
              "td",
              {},
              new Pill(
                counts.balanced ? "good" : "bad",
                t(counts.balanced ? "balanced" : "not_balanced"),
              ).element,
            ),
          ),
        ),
      );
    },
  };
}

/** The parts side by side; what is there at all can be seen. */
class Bar {
  readonly element = h("div", { class: "sum-bar", role: "img" });
  readonly #parts = new Map<LedgerOutcome, HTMLElement>();

  constructor() {
    for (const outcome of LEDGER_OUTCOMES) {
      const part = h("span", { "data-outcome": outcome });
      this.#parts.set(outcome, part);
      this.element.append(part);
    }
  }

  update(counts: Counts): void {
    for (const [outcome, part] of this.#parts) {
      part.hidden = counts[outcome] === 0;
      setVar(part, "--part", String(counts[outcome] / Math.max(counts.received, 1)));
    }
    const said = LEDGER_OUTCOMES.filter((outcome) => counts[outcome] > 0).map(
      (outcome) => `${t(outcome)} ${percent(counts[outcome] / counts.received)}`,
    );
    setAttribute(this.element, "aria-label", said.join(", ") || t("no_events_yet"));
  }
}

class Term {
  readonly element: HTMLElement;
  readonly line: HTMLElement;
  readonly #outcome: LedgerOutcome;
  readonly #value = h("p", { class: "sum-value" }, "—");
  readonly #count = h("span", { class: "outcome-count" }, "—");
  readonly #share = h("span", { class: "outcome-share" });
  readonly #bar = h("span", { class: "outcome-bar", "aria-hidden": "true" }, h("span"));

  constructor(outcome: LedgerOutcome) {
    this.#outcome = outcome;
    const swatch = (): HTMLElement => h("i", { class: "swatch", "aria-hidden": "true" });
    this.element = h(
      "div",
      { class: "sum-term", "data-outcome": outcome },
      this.#value,
      h("p", { class: "sum-name" }, swatch(), t(outcome)),
    );
    this.line = h(
      "li",
      { class: "outcome", "data-outcome": outcome },
      h("span", { class: "outcome-name" }, swatch(), t(outcome)),
      h("span", { class: "outcome-text" }, t(`${outcome}_text` as Word)),
      this.#bar,
      this.#count,
      this.#share,
    );
  }

  update(counts: Counts): void {
    const count = counts[this.#outcome];
    const share = count / Math.max(counts.received, 1);
    setText(this.#value, whole(count));
    setText(this.#count, whole(count));
    setText(this.#share, count > 0 && share < 0.001 ? `< ${percent(0.001)}` : percent(share));
    setVar(this.#bar, "--part", String(share));
    setAttribute(this.element, "data-empty", count === 0 ? "" : undefined);
  }
}
