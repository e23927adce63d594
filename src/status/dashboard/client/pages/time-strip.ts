import { h, setText, setVar } from "../dom.ts";
import { clock, duration } from "../format.ts";
import type { Status } from "../live.ts";
import { t } from "../words.ts";

/** Lengths that the strip may show, in seconds: the shortest that holds the lag. */
const SPANS = [30, 60, 300, 900, 3_600, 21_600, 86_400, 604_800, 2_592_000];

/** Event time against the clock on the wall: where the watermark is, and how far behind. */
export class TimeStrip {
  readonly element: HTMLElement;
  readonly #watermark = h("p", { class: "strip-time" }, "—");
  readonly #now = h("p", { class: "strip-time" }, "—");
  readonly #lag = h("span", { class: "strip-lag" });
  readonly #span = h("span", { class: "strip-span" });
  readonly #track: HTMLElement;

  constructor() {
    this.#track = h(
      "div",
      { class: "strip-track", role: "img" },
      h("div", { class: "strip-past" }),
      h("div", { class: "strip-gap" }, this.#lag),
      h("div", { class: "strip-mark" }),
      this.#span,
    );
    this.element = h(
      "section",
      { class: "card strip", "aria-label": t("event_time") },
      h(
        "div",
        { class: "strip-end" },
        h("p", { class: "strip-name" }, t("watermark")),
        this.#watermark,
      ),
      this.#track,
      h("div", { class: "strip-end" }, h("p", { class: "strip-name" }, t("wall_clock")), this.#now),
    );
  }

  update({ watermark, watermark_lag_seconds, now }: Status): void {
    setText(this.#now, clock(now));
    setText(this.#watermark, watermark === null ? "—" : clock(watermark));
    const lag = watermark_lag_seconds;
    const span = SPANS.find((length) => length >= (lag ?? 0) * 1.6) ?? SPANS.at(-1)!;
    const part = lag === null ? 1 : Math.min(Math.max(lag / span, 0), 1);
    setVar(this.#track, "--lag", String(part));
    setText(this.#lag, lag === null ? t("no_events_yet") : duration(lag));
    setText(this.#span, `−${duration(span)}`);
    const said = lag === null ? t("no_events_yet") : t("lag_said", { lag: duration(lag) });
    if (this.#track.getAttribute("aria-label") !== said)
      this.#track.setAttribute("aria-label", said);
  }
}
