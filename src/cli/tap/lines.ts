import { shownLine } from "../../core/shown-text.ts";
import type { ResultView } from "../../pipeline/view.ts";
import { columnsOf, cutTo, fitTo } from "../screen/columns.ts";
import { countText, valueText } from "../screen/numbers.ts";
import type { Paint } from "../screen/styles.ts";
import type { Dropped, TapMessage } from "./messages.ts";

export interface LineOptions {
  /** Unix milliseconds now. */
  readonly nowMs: number;
  readonly columns: number;
  readonly paint: Paint;
}

type Shown = Extract<TapMessage, { type: "event" | "row" | "refused" }>;

const VALUE_COLUMNS = 14;
const SERIES_COLUMNS_MIN = 12;

/** What passed, on one line for a person. */
export function lineOfMessage(message: Shown, { nowMs, columns, paint }: LineOptions): string {
  const clock = new Date(nowMs).toISOString().slice(11, 23);
  const kind = message.type.padEnd(7);
  const head = `${paint(clock, "dim")}  ${paint(kind, STYLES[message.type])}  `;
  const room = columns - clock.length - kind.length - 4;
  return head + bodyOf(message, room);
}

const STYLES = { event: "cyan", row: "green", refused: "yellow" } as const;

function bodyOf(message: Shown, room: number): string {
  if (message.type === "refused") {
    const { reason, detail, at, event } = message;
    return cutTo(shownLine(`${reason}: ${detail}, at ${at}: ${event.trim()}`), room);
  }
  if (message.type === "row") {
    const { rule, name, labels, agg_func, value } = message;
    return inColumns(`${rule}  ${seriesText(name, labels)} ${agg_func}`, value, {
      rest: restOfRow(message),
      room,
    });
  }
  const { name, labels, agg_func, value, timestamp } = message.event;
  const series = seriesText(name, labels);
  return inColumns(typeof agg_func === "string" ? `${series} ${agg_func}` : series, value, {
    rest: `at ${momentText(timestamp)}`,
    room,
  });
}

function inColumns(
  series: string,
  value: unknown,
  { rest, room }: { readonly rest: string; readonly room: number },
): string {
  const number = typeof value === "number" || value === null ? valueText(value) : json(value);
  const shown = fitTo(shownLine(number), VALUE_COLUMNS, "right");
  const text = shownLine(series);
  const restText = shownLine(rest);
  const forSeries = room - VALUE_COLUMNS - 2 - columnsOf(restText) - 2;
  if (forSeries >= SERIES_COLUMNS_MIN) return `${fitTo(text, forSeries)}  ${shown}  ${restText}`;
  // Narrow: what it is, and its value.
  const least = Math.max(room - columnsOf(shown.trim()) - 2, 1);
  return cutTo(`${cutTo(text, least)}  ${shown.trim()}`, room);
}

function restOfRow({ window_start, window_end, count, revision, ...row }: ResultView): string {
  const from = momentText(window_start);
  const notes = [
    `of ${countText(count)}`,
    ...(revision === 0 ? [] : [`revision ${revision}`]),
    ...(row.partial === true ? ["partial"] : []),
    ...(row.filled === true ? ["filled"] : []),
    ...(row.overflow === true ? ["overflow"] : []),
    ...(row.withdrawn === true ? ["withdrawn"] : []),
  ];
  return `${from} to ${momentText(window_end)}  ${notes.join(", ")}`;
}

function seriesText(name: unknown, labels: unknown): string {
  const text = typeof name === "string" ? name : json(name);
  if (typeof labels !== "object" || labels === null) return text;
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${json(value)}`);
  return pairs.length === 0 ? text : `${text}{${pairs.join(",")}}`;
}

/** Of seconds the time of the day; of anything else what it is. */
function momentText(timestamp: unknown): string {
  if (typeof timestamp !== "number") return json(timestamp);
  const date = new Date(timestamp * 1000);
  // Other units, and times of no calendar, are shown as they came.
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) return String(timestamp);
  const text = date.toISOString().slice(11, 23);
  return text.endsWith(".000") ? text.slice(0, 8) : text;
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}

/** What a person is told beside what passed; undefined: nothing. */
export function noticeOf(message: TapMessage): string | undefined {
  if (message.type === "cut") return `Connection lost: ${message.error}; trying again`;
  if (message.type === "resumed") {
    if (message.missed === null) return "Connected again, to a service that was started anew";
    const { events, rows } = message.missed;
    const late = rows === 0 ? "no row" : `${countText(rows)} rows`;
    return `Connected again: ${countText(events)} events passed meanwhile, ${late} missed`;
  }
  if (message.type !== "counts") return undefined;
  const unseen = message.passed - message.looked;
  const parts = droppedParts(message.dropped);
  if (parts.length === 0) return undefined;
  const more = unseen > 0 && message.looked > 0 ? `; ${countText(unseen)} passed unseen` : "";
  return `Left out within a second: ${parts.join(", ")}${more} (see --rate and the filters)`;
}

/** Whether something was left out that was asked for. */
export function hasDropped({ events, rows, refused }: Dropped): boolean {
  return events + rows + refused > 0;
}

function droppedParts({ events, rows, refused }: Dropped): string[] {
  return (
    [
      [events, "events"],
      [rows, "rows"],
      [refused, "refused"],
    ] as const
  )
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${countText(count)} ${what}`);
}
