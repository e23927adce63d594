import type { NotifierSettings } from "../core/alert-settings.ts";
import type { Incident } from "./book.ts";

/** One message to a notifier. */
export interface MessageContext {
  readonly pipeline: string;
  /** Where a person looks: the page of the alerts. */
  readonly link: string;
  /** Unix seconds. */
  readonly now: number;
  /** How long what fires counts as firing when nothing more is said of it, in seconds. */
  readonly holdsFor: number;
}

export interface Message {
  readonly url: string;
  readonly body: string;
}

/** Alerts of one name that a message tells one by one. */
const TOLD_MAX = 10;

/** A section of Slack holds 3,000 characters, and escapes make some of them longer. */
const SECTION_LENGTH_MAX = 2_900;

/** Slack takes a hundred attachments; nobody reads more than these. */
const GROUPS_MAX = 20;

const COLOURS = {
  critical: "#b3193f",
  warning: "#d98a00",
  info: "#0369a1",
  resolved: "#14733b",
} as const;

/** What is sent to a notifier for these incidents. */
export function messageFor(
  { kind, url }: Pick<NotifierSettings, "kind" | "url">,
  incidents: readonly Incident[],
  context: MessageContext,
): Message {
  if (kind === "alertmanager") {
    const path = /\/api\/v2\/alerts\/?$/.test(url)
      ? url
      : `${url.replace(/\/+$/, "")}/api/v2/alerts`;
    return {
      url: path,
      body: JSON.stringify(incidents.map((one) => forAlertmanager(one, context))),
    };
  }
  const content = kind === "slack" ? forSlack(incidents, context) : forWebhook(incidents, context);
  return { url, body: JSON.stringify(content) };
}

/** As Prometheus posts it: what fires holds until `endsAt` unless it is said again. */
function forAlertmanager(
  incident: Incident,
  { pipeline, link, now, holdsFor }: MessageContext,
): object {
  const { alert, severity, summary, description, annotations, startsAt, endsAt } = incident;
  const labels: Record<string, string> = { alertname: alert, severity, pipeline };
  // Labels are what tells two alerts apart: none may be lost, and the end has to have those of the beginning.
  for (const label of Object.keys(incident.labels).sort()) {
    // Names as all versions take them; an empty value means that there is none.
    let name = label.replace(/^(?=\d)|[^A-Za-z0-9_]/g, "_") || "_";
    while (Object.hasOwn(labels, name)) name += "_";
    labels[name] = incident.labels[label]!;
  }
  return {
    labels,
    annotations: {
      ...annotations,
      summary,
      ...(description === undefined ? {} : { description }),
      ...(incident.value === null ? {} : { value: String(incident.value) }),
    },
    startsAt: isoOf(startsAt),
    endsAt: isoOf(endsAt ?? Math.max(now, startsAt) + holdsFor),
    generatorURL: link,
  };
}

function forWebhook(
  incidents: readonly Incident[],
  { pipeline, link, now }: MessageContext,
): object {
  return {
    version: 1,
    pipeline,
    sent_at: now,
    link,
    alerts: incidents.map((incident) => ({
      name: incident.alert,
      state: incident.endsAt === undefined ? "firing" : "resolved",
      severity: incident.severity,
      labels: incident.labels,
      summary: incident.summary,
      ...(incident.description === undefined ? {} : { description: incident.description }),
      annotations: incident.annotations,
      value: incident.value,
      since: incident.startsAt,
      ...(incident.endsAt === undefined ? {} : { resolved_at: incident.endsAt }),
    })),
  };
}

/** An attachment for each alert and state, with a line for each of its series: one message, however many. */
function forSlack(incidents: readonly Incident[], { pipeline, link }: MessageContext): object {
  const groups = [
    ...Map.groupBy(incidents, (one) => `${one.endsAt === undefined}\n${one.alert}`).values(),
  ];
  const firing = incidents.filter(({ endsAt }) => endsAt === undefined).length;
  const resolved = incidents.length - firing;
  const counts = [
    ...(firing > 0 ? [`${firing} firing`] : []),
    ...(resolved > 0 ? [`${resolved} resolved`] : []),
  ].join(", ");
  const names = [...new Set(incidents.map(({ alert }) => alert))].slice(0, 5).join(", ");
  const more = groups.length - GROUPS_MAX;
  return {
    text: escaped(`[${pipeline}] ${counts}: ${names}`),
    attachments: [
      ...groups.slice(0, GROUPS_MAX).map((group) => attachment(group, link)),
      ...(more > 0 ? [{ color: COLOURS.info, blocks: [section(`and ${more} more alerts`)] }] : []),
    ],
  };
}

function attachment(group: readonly Incident[], link: string): object {
  const { alert, severity, endsAt } = group[0]!; // none is empty
  const isFiring = endsAt === undefined;
  // A word beside the colour: not everybody sees it.
  const word = isFiring ? severity.toUpperCase() : "RESOLVED";
  const title = `*${word}* <${link}|${escaped(alert)}>${group.length > 1 ? ` (${group.length})` : ""}`;
  const lines = group.slice(0, TOLD_MAX).map((one) => `• ${escaped(lineOf(one))}`);
  const more = group.length - TOLD_MAX;
  const text = [title, ...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
  return { color: isFiring ? COLOURS[severity] : COLOURS.resolved, blocks: [section(cut(text))] };
}

function lineOf({ summary, description, startsAt, endsAt }: Incident): string {
  const lasted =
    endsAt === undefined ? "" : ` (after ${Math.max(Math.round(endsAt - startsAt), 0)} s)`;
  return `${summary}${lasted}${description === undefined ? "" : `: ${description}`}`;
}

function section(text: string): object {
  return { type: "section", text: { type: "mrkdwn", text } };
}

/** Within an escape it would be none. */
function cut(text: string): string {
  if (text.length <= SECTION_LENGTH_MAX) return text;
  return `${text
    .slice(0, SECTION_LENGTH_MAX)
    .replace(/&[a-z]*$/, "")
    .toWellFormed()}…`;
}

/** The three characters that mean something to Slack, and so `<!channel>` too. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
