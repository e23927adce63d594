import type { AlertView } from "../../../../pipeline/view.ts";
import { bdi, h, setText, visible } from "../dom.ts";
import { duration, moment, value } from "../format.ts";
import { type Icon, icon } from "../icons.ts";
import { button, Pill, timeOf } from "../parts.ts";
import { t } from "../words.ts";
import { labelsOf } from "./labels.ts";
import type { Notice } from "./notices.ts";

type Severity = AlertView["severity"];

/** A shape of its own for each, so that no colour is needed to tell them apart. */
const PICTURES: Readonly<Record<Severity, Icon>> = {
  critical: "warning",
  warning: "alerts",
  info: "info",
};

/** How bad something is: a picture, a colour and a word. */
export function severityMark(severity: Severity, isOver = false): HTMLElement {
  const picture = isOver ? "check" : PICTURES[severity];
  return h(
    "span",
    { class: "severity", "data-severity": isOver ? "over" : severity },
    icon(picture),
    h("span", {}, t(severity)),
  );
}

interface Options {
  readonly silence: (alert: AlertView) => void;
  /** The clock of the service. */
  readonly now: () => number;
  /** Whether an operator looks. */
  readonly can: () => boolean;
}

/** One alert that fires or is pending. */
export class AlertItem {
  readonly element: HTMLElement;
  readonly #options: Options;
  readonly #mark = h("div", { class: "alert-mark" });
  readonly #state = new Pill();
  readonly #summary = h("p", { class: "alert-summary", dir: "auto" });
  readonly #description = h("p", { class: "alert-description", dir: "auto" });
  readonly #since = h("span", { class: "alert-since" });
  readonly #value = h("span", { class: "alert-value" });
  readonly #clock = h("span", {}, t("alert_by_events"));
  readonly #silenced = h("span", { class: "tag silenced" });
  readonly #flapping = h("span", { class: "tag" }, t("alert_flapping"));
  readonly #button: HTMLButtonElement;
  #alert: AlertView;
  #severity: Severity | undefined;

  constructor(alert: AlertView, options: Options) {
    this.#alert = alert;
    this.#options = options;
    const { name, labels } = alert;
    this.#button = button(t("silence"), () => options.silence(this.#alert), {
      picture: "silence",
      "aria-label": t("silence_of", { name: visible(name) }),
    });
    this.element = h(
      "li",
      { class: "alert" },
      this.#mark,
      h(
        "div",
        { class: "alert-body" },
        h(
          "div",
          { class: "alert-head" },
          h("h3", { class: "alert-name" }, bdi(name)),
          this.#state.element,
          this.#flapping,
          this.#silenced,
        ),
        this.#summary,
        this.#description,
        h("p", { class: "alert-facts" }, this.#since, this.#value, this.#clock),
        labelsOf(labels),
      ),
      this.#button,
    );
  }

  update(alert: AlertView): void {
    this.#alert = alert;
    const { state, severity, summary, description, since, clock, flapping } = alert;
    const isFiring = state === "firing";
    this.element.dataset["severity"] = severity;
    this.element.dataset["state"] = state;
    if (severity !== this.#severity) this.#mark.replaceChildren(severityMark(severity));
    this.#severity = severity;
    this.#state.set(
      isFiring ? toneOf(severity) : "calm",
      t(isFiring ? "alert_firing" : "alert_pending"),
    );
    setText(this.#summary, visible(summary));
    this.#description.hidden = description === undefined;
    setText(this.#description, visible(description ?? ""));
    const age = Math.max(this.#options.now() - since, 0);
    const isEvent = clock === "event";
    // The time of events is none that passes while one looks.
    setText(
      this.#since,
      isEvent ? moment(since) : t("alert_since", { ago: duration(Math.floor(age)) }),
    );
    this.#since.title = new Date(since * 1000).toISOString();
    this.#clock.hidden = !isEvent;
    this.#value.hidden = alert.value === null;
    setText(this.#value, t("alert_value", { value: value(alert.value) }));
    this.#flapping.hidden = flapping !== true;
    this.#silenced.hidden = !alert.silenced;
    const until = alert.silenced_until;
    setText(
      this.#silenced,
      until === undefined ? "" : t("silenced_until", { time: moment(until) }),
    );
    this.#button.hidden = !this.#options.can() || alert.silenced;
  }
}

export function toneOf(severity: Severity): "bad" | "warn" | "accent" {
  return severity === "critical" ? "bad" : severity === "warning" ? "warn" : "accent";
}

/** A part in trouble. */
export function noticeItem({ severity, title, text, since }: Notice): HTMLElement {
  return h(
    "li",
    { class: "notice", "data-severity": severity },
    icon(PICTURES[severity]),
    h(
      "div",
      {},
      h("p", { class: "notice-title", dir: "auto" }, visible(title)),
      h("p", { class: "notice-text", dir: "auto" }, visible(text)),
    ),
    h(
      "div",
      { class: "notice-side" },
      h("span", { class: "tag" }, t(severity)),
      since === undefined ? null : timeOf(since),
    ),
  );
}
