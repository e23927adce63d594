import type { Live } from "../live.ts";
import { t } from "../words.ts";

/** A part of the service that is in trouble now. */
export interface Notice {
  readonly severity: "critical" | "warning";
  readonly title: string;
  readonly text: string;
  readonly since?: number;
}

/** What troubles the parts of the service, whether an alert tells of it or not. */
export function noticesOf({ status }: Pick<Live, "status">): Notice[] {
  if (status === undefined) return [];
  const notices: Notice[] = [];
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

/** How many things want to be looked at: parts in trouble, and alerts that fire and are not silenced. */
export function attentionOf(live: Pick<Live, "status">): number {
  const firing = (live.status?.alerts ?? []).filter(
    ({ state, silenced }) => state === "firing" && !silenced,
  );
  return noticesOf(live).length + firing.length;
}
