import { h, visible } from "../dom.ts";
import { icon } from "../icons.ts";
import type { Live } from "../live.ts";
import type { Page } from "../page.ts";
import { emptyState, timeOf } from "../parts.ts";
import { t } from "../words.ts";

/** What is out of order now: problems of the parts, and the alerts that fire. */
export interface Notice {
  readonly severity: "critical" | "warning";
  readonly title: string;
  readonly text: string;
  readonly since?: number;
}

export function noticesOf({ status }: Pick<Live, "status">): Notice[] {
  if (status === undefined) return [];
  const notices: Notice[] = status.alerts.map(alertNotice);
  if (!status.ledger.balanced)
    notices.push({ severity: "critical", title: t("not_balanced"), text: t("not_balanced_text") });
  if (status.source.problem !== undefined)
    notices.push({
      severity: "critical",
      title: `${t("source")} ${status.source.kind}`,
      text: status.source.problem,
    });
  for (const { name, problem } of status.sinks) {
    if (problem !== undefined)
      notices.push({ severity: "warning", title: `${t("sink")} ${name}`, text: problem });
  }
  if (status.state === "paused")
    notices.push({
      severity: "warning",
      title: t("state_paused"),
      text: t("paused_text"),
      ...(status.paused_since === undefined ? {} : { since: status.paused_since }),
    });
  return notices;
}

/** Alerts are told by fields that may grow: what is not there is left out. */
function alertNotice(alert: unknown): Notice {
  const fields = (typeof alert === "object" && alert !== null ? alert : {}) as Record<
    string,
    unknown
  >;
  const text = (key: string): string | undefined =>
    typeof fields[key] === "string" ? fields[key] : undefined;
  const since = fields["since"];
  return {
    severity: text("severity") === "critical" ? "critical" : "warning",
    title: text("name") ?? text("rule") ?? t("alert"),
    text: text("message") ?? text("detail") ?? text("state") ?? "",
    ...(typeof since === "number" ? { since } : {}),
  };
}

export function alertsPage(): Page {
  const list = h("ul", { class: "notices", "aria-label": t("alerts") });
  const empty = emptyState("check", t("no_alerts"), t("no_alerts_text"));
  let shown = "";
  return {
    element: h(
      "div",
      { class: "page" },
      h("section", { class: "card", "aria-label": t("alerts") }, list, empty),
    ),
    update(live) {
      const notices = noticesOf(live);
      empty.hidden = notices.length > 0;
      const state = JSON.stringify(notices);
      if (state === shown) return;
      shown = state;
      list.replaceChildren(
        ...notices.map(({ severity, title, text, since }) =>
          h(
            "li",
            { class: "notice", "data-severity": severity },
            icon(severity === "critical" ? "warning" : "alerts"),
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
          ),
        ),
      );
    },
  };
}
