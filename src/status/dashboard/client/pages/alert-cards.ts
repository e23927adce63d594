import type {
  AlertReport,
  AlertRuleView,
  NotifierView,
  ResolvedAlert,
  Silence,
} from "../../../../pipeline/view.ts";
import { bdi, h, visible } from "../dom.ts";
import { duration, moment, whole } from "../format.ts";
import { button, card, Pill, timeOf } from "../parts.ts";
import { t } from "../words.ts";
import { severityMark, toneOf } from "./alert-item.ts";
import { labelsOf } from "./labels.ts";

/** @param end Ends one; undefined: nobody may who looks. */
export function silencesCard(
  silences: readonly Silence[],
  end: ((silence: Silence) => void) | undefined,
): HTMLElement {
  const items = silences.map((silence) => {
    const { name, labels, until, comment } = silence;
    return h(
      "li",
      { class: "silence" },
      h(
        "div",
        {},
        h("p", {}, bdi(name, { class: "name" }), labelsOf(labels)),
        comment === "" ? null : h("p", { class: "hint", dir: "auto" }, visible(comment)),
        h("p", { class: "hint" }, t("silence_ends", { time: moment(until) })),
      ),
      end === undefined
        ? null
        : button(t("unsilence"), () => end(silence), {
            "aria-label": t("unsilence_of", { name: visible(name) }),
          }),
    );
  });
  return card(t("silences"), h("ul", { class: "silences", "aria-label": t("silences") }, ...items));
}

export function historyCard(resolved: readonly ResolvedAlert[]): HTMLElement {
  if (resolved.length === 0)
    return card(t("alert_history"), h("p", { class: "hint" }, t("no_history")));
  const rows = resolved.map(({ name, severity, summary, labels, since, resolved_at }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, bdi(name, { class: "name" }), labelsOf(labels)),
      h("td", {}, severityMark(severity)),
      h("td", { class: "alert-story", dir: "auto" }, visible(summary)),
      h("td", {}, timeOf(since)),
      h("td", {}, timeOf(resolved_at)),
      h("td", { class: "number" }, duration(Math.max(resolved_at - since, 0))),
    ),
  );
  const heads = [
    t("alert"),
    t("alert_severity"),
    t("alert_what"),
    t("alert_fired"),
    t("alert_ended"),
    t("alert_lasted"),
  ];
  return card(t("alert_history"), table(t("alert_history"), heads, rows));
}

export function rulesCard(rules: readonly AlertRuleView[]): HTMLElement {
  const rows = rules.map((rule) => {
    const {
      name,
      when,
      for_seconds: wait,
      severity,
      built_in: isBuiltIn,
      left_out: leftOut,
    } = rule;
    const held = wait === 0 ? t("alert_at_once") : t("alert_after", { ago: duration(wait) });
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        bdi(name, { class: "name" }),
        isBuiltIn ? h("span", { class: "tag" }, t("alert_built_in")) : null,
      ),
      h("td", { class: "alert-story" }, bdi(when), h("span", { class: "faint" }, `, ${held}`)),
      h("td", {}, severityMark(severity)),
      h(
        "td",
        {},
        statePill(rule),
        leftOut === 0
          ? null
          : h("span", { class: "tag" }, t("alert_left_out", { n: whole(leftOut) })),
      ),
    );
  });
  const heads = [t("alert"), t("alert_condition"), t("alert_severity"), t("alert_state")];
  return card(t("alert_rules"), table(t("alert_rules"), heads, rows));
}

function statePill({ firing, pending, severity }: AlertRuleView): HTMLElement {
  if (firing > 0)
    return new Pill(toneOf(severity), `${t("alert_firing")} ${whole(firing)}`).element;
  if (pending > 0) return new Pill("calm", `${t("alert_pending")} ${whole(pending)}`).element;
  return new Pill("good", t("alert_calm")).element;
}

/** @param test Sends one a message; undefined: nobody may who looks. */
export function notifiersCard(
  notifiers: AlertReport["notifiers"],
  test: ((name: string) => void) | undefined,
): HTMLElement {
  if (notifiers.length === 0)
    return card(t("notifiers"), h("p", { class: "hint" }, t("no_notifiers")));
  const items = notifiers.map((notifier) => notifierItem(notifier, test));
  return card(
    t("notifiers"),
    h("ul", { class: "silences", "aria-label": t("notifiers") }, ...items),
  );
}

function notifierItem(
  { name, kind, sent, waiting, dropped, problem }: NotifierView,
  test: ((name: string) => void) | undefined,
): HTMLElement {
  const facts = [
    t("notifier_told", { n: whole(sent) }),
    ...(waiting > 0 ? [t("notifier_waiting", { n: whole(waiting) })] : []),
    ...(dropped > 0 ? [t("notifier_dropped", { n: whole(dropped) })] : []),
  ];
  const isWell = problem === undefined;
  return h(
    "li",
    { class: "silence" },
    h(
      "div",
      {},
      h(
        "p",
        {},
        bdi(name, { class: "name" }),
        h("span", { class: "tag kind" }, kind),
        new Pill(isWell ? "good" : "bad", t(isWell ? "notifier_well" : "notifier_failing")).element,
      ),
      h("p", { class: "hint" }, facts.join(", ")),
      isWell ? null : h("p", { class: "problem", dir: "auto" }, visible(problem)),
    ),
    test === undefined
      ? null
      : button(t("notifier_test"), () => test(name), {
          "aria-label": t("notifier_test_of", { name: visible(name) }),
        }),
  );
}

function table(label: string, heads: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: "scroller stacked", tabindex: "0", role: "group", "aria-label": label },
    h(
      "table",
      // Told, since a phone shows it as cards, and then a browser would not take it for a table.
      { class: "rows", role: "table" },
      h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, ...rows),
    ),
  );
}
