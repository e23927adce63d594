import { bdi, h, KeyedList, setAttribute, setText, setVar, svg } from "../dom.ts";
import { duration, rate, short, tiny } from "../format.ts";
import type { Status } from "../live.ts";
import { Pill } from "../parts.ts";
import { t } from "../words.ts";
import { RuleCard } from "./rule-card.ts";

/** More are told by their number: a picture of fifty boxes says nothing. */
const RULES_SHOWN = 6;
const SINKS_SHOWN = 6;

type Sink = Status["sinks"][number];
type Rule = Status["rules"][number];

interface Line {
  readonly key: string;
  readonly from: Element;
  readonly to: Element;
  readonly rate: number;
  readonly tone: "flow" | "halted";
}

/** The pipeline as it flows: source, rules with their windows, outboxes, sinks. */
export class FlowPicture {
  readonly element: HTMLElement;
  readonly #grid: HTMLElement;
  readonly #lines = svg("svg", { class: "flow-lines", "aria-hidden": "true" });
  readonly #source = new SourceCard();
  readonly #rules: KeyedList<{ rule: Rule; status: Status }>;
  readonly #sinks: KeyedList<Sink>;
  readonly #moreRules = h("p", { class: "flow-more" });
  readonly #moreSinks = h("p", { class: "flow-more" });
  readonly #paths = new Map<string, SVGPathElement>();
  readonly #watch: ResizeObserver;
  #drawn: Line[] = [];

  constructor() {
    const rules = h("div", {
      class: "flow-column flow-rules",
      role: "list",
      "aria-label": t("rules"),
    });
    const sinks = h("div", {
      class: "flow-column flow-sinks",
      role: "list",
      "aria-label": t("sinks"),
    });
    this.#rules = new KeyedList(rules, () => new RuleCard());
    this.#sinks = new KeyedList(sinks, () => new SinkRow());
    this.#grid = h(
      "div",
      { class: "flow-grid" },
      this.#lines,
      h("div", { class: "flow-stage" }, h("h3", {}, t("source")), this.#source.element),
      h("div", { class: "flow-stage" }, h("h3", {}, t("rules")), rules, this.#moreRules),
      h("div", { class: "flow-stage" }, h("h3", {}, t("outbox_and_sinks")), sinks, this.#moreSinks),
    );
    this.element = h(
      "section",
      { class: "card flow", "aria-labelledby": "flow-title" },
      h("h2", { id: "flow-title" }, t("flow")),
      this.#grid,
    );
    this.#watch = new ResizeObserver(() => this.#place());
    this.#watch.observe(this.#grid);
  }

  update(status: Status, events: number, rows: number): void {
    const rules = status.rules.slice(0, RULES_SHOWN);
    const sinks = status.sinks.slice(0, SINKS_SHOWN);
    this.#source.update(status, events);
    this.#rules.update(
      rules.map((rule) => ({ rule, status })),
      ({ rule }) => rule.name,
    );
    this.#sinks.update(sinks, (sink) => sink.name);
    more(this.#moreRules, status.rules.length - rules.length);
    more(this.#moreSinks, status.sinks.length - sinks.length);
    const halted = status.state === "paused" || !status.source.connected;
    const lines: Line[] = [];
    for (const rule of rules) {
      const to = this.#rules.elementOf(rule.name)!;
      const from = rule.from === undefined ? undefined : this.#rules.elementOf(rule.from);
      if (from === undefined)
        lines.push({
          key: `s/${rule.name}`,
          from: this.#source.element,
          to,
          rate: events,
          tone: halted ? "halted" : "flow",
        });
      for (const sink of sinks) {
        if (!rule.to.includes(sink.name)) continue;
        const end = this.#sinks.elementOf(sink.name)!;
        lines.push({
          key: `r/${rule.name}/${sink.name}`,
          from: to,
          to: end,
          rate: rows,
          tone: sink.connected ? "flow" : "halted",
        });
      }
    }
    this.#drawn = lines;
    this.#place();
  }

  close(): void {
    this.#watch.disconnect();
  }

  /** Lines go from the right of one box to the left of the next; where the boxes stand in a column, down. */
  #place(): void {
    const base = this.#grid.getBoundingClientRect();
    setAttribute(
      this.#lines,
      "viewBox",
      `0 0 ${Math.round(base.width)} ${Math.round(base.height)}`,
    );
    const wanted = new Set(this.#drawn.map(({ key }) => key));
    for (const [key, path] of this.#paths) {
      if (wanted.has(key)) continue;
      path.remove();
      this.#paths.delete(key);
    }
    for (const line of this.#drawn) {
      let path = this.#paths.get(line.key);
      if (path === undefined) {
        path = svg("path");
        this.#paths.set(line.key, path);
        this.#lines.append(path);
      }
      setAttribute(path, "d", courseOf(line, base));
      const moves = line.tone === "flow" && line.rate > 0;
      setAttribute(path, "class", `flow-line ${line.tone}${moves ? " moving" : ""}`);
      // A tenfold rate looks about twice as fast.
      setVar(path, "--pace", `${(2.4 / (1 + Math.log10(1 + line.rate))).toFixed(2)}s`);
    }
  }
}

function courseOf({ from, to }: Line, base: DOMRect): string {
  const a = from.getBoundingClientRect();
  const b = to.getBoundingClientRect();
  const round = (n: number): number => Math.round(n * 2) / 2;
  if (b.left >= a.right) {
    const x1 = round(a.right - base.left);
    const y1 = round(a.top + a.height / 2 - base.top);
    const x2 = round(b.left - base.left);
    const y2 = round(b.top + b.height / 2 - base.top);
    const bend = round((x2 - x1) * 0.55);
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  // One below the other: down the middle, behind what lies between.
  const x = round(a.left + a.width / 2 - base.left);
  const y1 = round(a.bottom - base.top);
  const y2 = round(b.top - base.top);
  return `M${x} ${y1}V${y2}`;
}

function more(node: HTMLElement, count: number): void {
  node.hidden = count <= 0;
  setText(node, t("and_more", { n: count }));
}

class SourceCard {
  readonly element: HTMLElement;
  readonly #pill = new Pill();
  readonly #kind = h("span", { class: "node-name" });
  readonly #place = bdi("", { class: "node-place" });
  readonly #rate = h("span", { class: "node-big" });
  readonly #facts = h("p", { class: "node-facts" });
  readonly #problem = h("p", { class: "problem" });

  constructor() {
    this.element = h(
      "div",
      { class: "node source-node" },
      h("div", { class: "node-head" }, this.#kind, this.#pill.element),
      this.#place,
      h("p", { class: "node-rate" }, this.#rate, h("span", {}, t("events_a_second"))),
      this.#facts,
      this.#problem,
    );
  }

  update({ source, state }: Status, events: number): void {
    setText(this.#kind, source.kind);
    setText(this.#place, source.description);
    setText(this.#rate, rate(events));
    if (state === "paused") this.#pill.set("warn", t("state_paused"));
    else
      this.#pill.set(source.connected ? "good" : "bad", t(source.connected ? "connected" : "away"));
    const age = source.last_event_age_seconds;
    const facts = [
      source.pending === null
        ? undefined
        : t("pending", { n: source.pending, shown: short(source.pending) }),
      age === null ? t("no_events_yet") : t("last_event", { ago: duration(age) }),
    ];
    setText(this.#facts, facts.filter((fact) => fact !== undefined).join(" · "));
    this.#problem.hidden = source.problem === undefined;
    setText(this.#problem, source.problem ?? "");
  }
}

/** An outbox as a vessel that fills, and the sink that it empties into. */
class SinkRow {
  readonly element: HTMLElement;
  readonly #name = bdi("", { class: "node-name" });
  readonly #kind = h("span", { class: "node-kind" });
  readonly #pill = new Pill();
  readonly #outbox = h("span", { class: "vessel-count" });
  readonly #vessel: HTMLElement;
  readonly #facts = h("p", { class: "node-facts" });
  readonly #problem = h("p", { class: "problem" });

  constructor() {
    this.#vessel = h(
      "div",
      { class: "vessel" },
      h("span", { class: "vessel-fill", "aria-hidden": "true" }),
      this.#outbox,
    );
    this.element = h(
      "div",
      { class: "node sink-node", role: "listitem" },
      h(
        "div",
        { class: "vessel-box" },
        this.#vessel,
        h("span", { class: "vessel-name" }, t("outbox")),
      ),
      h(
        "div",
        { class: "sink-body" },
        h("div", { class: "node-head" }, this.#name, this.#pill.element),
        this.#kind,
        this.#facts,
        this.#problem,
      ),
    );
  }

  update(sink: Sink): void {
    setText(this.#name, sink.name);
    setText(this.#kind, sink.kind);
    setText(this.#outbox, tiny(sink.outbox));
    // Each tenfold is a sixth of the height: from one row to a million.
    setVar(this.#vessel, "--fill", String(Math.min(Math.log10(1 + sink.outbox) / 6, 1)));
    this.#pill.set(...breakerOf(sink));
    setText(
      this.#facts,
      t("written", { n: sink.written, shown: short(sink.written) }) +
        (sink.errors > 0 ? ` · ${t("errors", { n: sink.errors, shown: short(sink.errors) })}` : ""),
    );
    this.#problem.hidden = sink.problem === undefined;
    setText(this.#problem, sink.problem ?? "");
  }
}

export function breakerOf({
  connected,
  breaker,
}: Sink): ["good" | "warn" | "bad" | "calm", string] {
  if (breaker === "open") return ["bad", t("breaker_open")];
  if (breaker === "half-open") return ["warn", t("breaker_half_open")];
  return connected ? ["good", t("connected")] : ["warn", t("away")];
}
