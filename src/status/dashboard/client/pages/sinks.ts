import { bdi, h, KeyedList, setAttribute, setText, visible } from "../dom.ts";
import { duration, moment, short, whole } from "../format.ts";
import { icon } from "../icons.ts";
import type { Live, Status } from "../live.ts";
import type { Page } from "../page.ts";
import { Pill } from "../parts.ts";
import { t, type Word } from "../words.ts";
import { breakerOf } from "./flow.ts";

type Sink = Status["sinks"][number];

/** Everything outside: the source and the sinks, whether they are reached, and what is wrong. */
export function sinksPage(): Page {
  const source = new Facts("source", [
    "state",
    "pending_name",
    "cursor",
    "last_event_name",
    "watermark",
    "lag",
    "errors_name",
    "last_error",
  ]);
  const sinks = h("div", { class: "sink-cards" });
  const list = new KeyedList<Sink>(sinks, () => new SinkCard());
  return {
    element: h(
      "div",
      { class: "page" },
      h("h2", { class: "section" }, t("source")),
      source.element,
      h("h2", { class: "section" }, t("sinks")),
      sinks,
    ),
    update({ status }: Live) {
      if (status === undefined) return;
      const from = status.source;
      source.head(
        from.kind,
        from.description,
        from.connected ? ["good", t("connected")] : ["bad", t("away")],
        from.problem,
      );
      const age = from.last_event_age_seconds;
      source.set([
        t(`state_${status.state}` as Word),
        from.pending === null ? "—" : whole(from.pending),
        from.cursor ?? "—",
        age === null ? t("no_events_yet") : t("ago", { ago: duration(age) }),
        status.watermark === null ? "—" : moment(status.watermark),
        status.watermark_lag_seconds === null ? "—" : duration(status.watermark_lag_seconds),
        whole(from.errors),
        visible(from.last_error ?? t("no_error")),
      ]);
      list.update(status.sinks, (sink) => sink.name);
    },
  };
}

class Facts {
  readonly element: HTMLElement;
  readonly #name = bdi("", { class: "fact-name" });
  readonly #place = bdi("", { class: "node-place" });
  readonly #pill = new Pill();
  readonly #problem = h("p", { class: "problem", role: "status" });
  readonly #values: HTMLElement[];
  readonly #extra = h("div");

  constructor(picture: "source" | "sinks", words: readonly Word[], extra?: HTMLElement) {
    this.#values = words.map(() => h("dd", {}, "—"));
    if (extra !== undefined) this.#extra.append(extra);
    this.element = h(
      "section",
      { class: "card endpoint", "data-kind": picture },
      h("header", { class: "card-head" }, icon(picture), this.#name, this.#pill.element),
      this.#place,
      this.#problem,
      this.#extra,
      h(
        "dl",
        { class: "facts" },
        ...words.map((word, i) =>
          h(
            "div",
            { class: word === "last_error" ? "fact-long" : "" },
            h("dt", {}, t(word)),
            this.#values[i],
          ),
        ),
      ),
    );
  }

  head(
    name: string,
    place: string,
    [tone, text]: ["good" | "warn" | "bad" | "calm", string],
    problem: string | undefined,
  ): void {
    setText(this.#name, name);
    setText(this.#place, place);
    this.#pill.set(tone, text);
    this.#problem.hidden = problem === undefined;
    setText(this.#problem, problem ?? "");
    setAttribute(this.element, "aria-label", name);
  }

  set(values: readonly string[]): void {
    for (const [i, text] of values.entries()) setText(this.#values[i]!, text);
  }
}

/** The breaker is drawn as what it is: a switch in the line to the sink. */
class SinkCard {
  readonly element: HTMLElement;
  readonly #facts: Facts;
  readonly #breaker = h("div", { class: "breaker", role: "img" }, h("i"), h("b"), h("i"));
  readonly #said = h("span", { class: "breaker-said" });

  constructor() {
    this.#facts = new Facts(
      "sinks",
      ["kind", "outbox_name", "written_name", "errors_name", "last_error"],
      h("div", { class: "breaker-row" }, this.#breaker, this.#said),
    );
    this.element = this.#facts.element;
  }

  update(sink: Sink): void {
    this.#facts.head(sink.name, sink.description, breakerOf(sink), sink.problem);
    this.#facts.set([
      sink.kind,
      t("rows", { n: sink.outbox, shown: short(sink.outbox) }),
      t("rows", { n: sink.written, shown: whole(sink.written) }),
      whole(sink.errors),
      visible(sink.last_error ?? t("no_error")),
    ]);
    setAttribute(this.#breaker, "data-breaker", sink.breaker);
    const said = t(`breaker_said_${sink.breaker.replace("-", "_")}` as Word);
    setAttribute(this.#breaker, "aria-label", said);
    setText(this.#said, said);
  }
}
