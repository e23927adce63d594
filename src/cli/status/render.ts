import { stripVTControlCharacters } from "node:util";
import { LEDGER_OUTCOMES } from "../../core/ledger.ts";
import { shownLine } from "../../core/shown-text.ts";
import type { PipelineStatus, RuleStatus, SinkStatus } from "../../pipeline/view.ts";
import { columnsOf, cutTo } from "../screen/columns.ts";
import { countText, rateText, spanText, timeText } from "../screen/numbers.ts";
import { sparkline } from "../screen/sparkline.ts";
import type { Paint, Style } from "../screen/styles.ts";
import { type Cell, tableLines } from "../screen/table.ts";
import { alertLines } from "./alerts.ts";
import type { StatusHistory } from "./history.ts";
import type { Look, Seen } from "./look.ts";

export interface RenderOptions {
  /** Where the service is asked. */
  readonly url: string;
  readonly columns: number;
  readonly paint: Paint;
  /** What was seen before; undefined: it is looked at once. */
  readonly history?: StatusHistory | undefined;
}

const LABEL_COLUMNS = 11;
const SPARK_COLUMNS_MAX = 60;
const SPARK_COLUMNS_MIN = 8;

/** The state of a service as lines of at most `columns`. */
export function renderStatus(look: Look, options: RenderOptions): string[] {
  if (look.kind === "unseen") return unseenLines(look.error, options);
  return [
    ...headLines(look, options),
    ...reasonLines(look, options),
    "",
    ...sourceLines(look.status, options),
    ...numberLines(look.status, options),
    ...notedLines(look.status, options),
    "",
    ...ruleLines(look.status.rules, options),
    "",
    ...sinkLines(look.status.sinks, options),
    ...alertLines(look, options),
  ];
}

function unseenLines(error: string, { url, columns, paint }: RenderOptions): string[] {
  const host = shownLine(url);
  return [
    `${paint("●", "red")} ${cutTo(`${host}  unreachable`, columns - 2)}`,
    ...wrapped(shownLine(error), columns - 2).map((line) => `  ${paint(line, "red")}`),
  ];
}

function headLines({ status, health }: Seen, { url, columns, paint }: RenderOptions): string[] {
  const isWell = health.status === "ok";
  const style: Style = isWell ? "green" : status.state === "failed" ? "red" : "yellow";
  const name = shownLine(status.name);
  const state = cutTo(
    isWell ? status.state : `${status.state}, degraded`,
    Math.max(columns - 8, 1),
  );
  const about = `aggregator ${status.version}, up ${spanText(status.uptime_seconds)}`;
  const short = cutTo(name, Math.max(columns - 4 - state.length, 4));
  const head = `${paint("●", style)} ${paint(short, "bold")}  ${paint(state, style)}`;
  const used = columnsOf(short) + state.length + 4;
  const place = cutTo(`${about}, at ${shownLine(url)}`, columns - 2);
  const isOneLine = used + 2 + columnsOf(place) <= columns;
  return isOneLine ? [`${head}  ${paint(place, "dim")}`] : [head, `  ${paint(place, "dim")}`];
}

function reasonLines({ health }: Seen, { columns, paint }: RenderOptions): string[] {
  if (health.status === "ok") return [];
  return health.reasons.flatMap((reason) =>
    wrapped(shownLine(reason), columns - 4).map((line, i) =>
      paint(i === 0 ? `  ! ${line}` : `    ${line}`, "yellow"),
    ),
  );
}

function sourceLines(
  { source, watermark, ...status }: PipelineStatus,
  options: RenderOptions,
): string[] {
  const { paint } = options;
  const { kind, description, connected, pending, cursor, last_event_age_seconds: age } = source;
  const lag = status.watermark_lag_seconds;
  const facts = [
    connected ? paint("connected", "green") : paint("not connected", "red"),
    pending === null ? "" : `${countText(pending)} pending`,
    age === null ? "no event yet" : `last event ${spanText(age)} ago`,
    source.errors === 0 ? "" : paint(`${countText(source.errors)} errors`, "yellow"),
  ];
  return [
    ...labelled("Source", [shownLine(`${kind}: ${description}`)], options),
    ...labelled("", facts, options),
    ...(cursor === null ? [] : labelled("Cursor", [shownLine(cursor)], options)),
    ...labelled(
      "Watermark",
      watermark === null || lag === null
        ? ["none before the first event"]
        : [`${spanText(lag)} behind`, timeText(watermark)],
      options,
    ),
    ...sparkOf("lag", options, (history) => history.lagSeconds, spanText),
  ];
}

function numberLines(status: PipelineStatus, options: RenderOptions): string[] {
  const { history } = options;
  const rate = history?.eventsPerSecond.at(-1);
  const received = `${countText(status.ledger.received)} received`;
  const perSecond = history === undefined || rate === undefined ? "" : `${rateText(rate)}/s`;
  return [
    ...labelled("Events", [perSecond, received], options),
    ...sparkOf("events/s", options, (past) => past.eventsPerSecond, rateText),
    ...ledgerLines(status, options),
  ];
}

function ledgerLines({ ledger }: PipelineStatus, options: RenderOptions): string[] {
  const { paint } = options;
  const counts = LEDGER_OUTCOMES.filter((name) => name === "aggregated" || ledger[name] > 0).map(
    (name) => {
      const text = `${countText(ledger[name])} ${name.replace("_", " ")}`;
      const isLoss = ["late", "future", "invalid", "over_limit"].includes(name);
      return isLoss ? paint(text, "yellow") : text;
    },
  );
  const isRight = ledger.balanced && Object.values(ledger.rules).every((rule) => rule.balanced);
  const balance = isRight ? "balanced" : paint("DOES NOT BALANCE", "red");
  const gaps = ledger.gaps > 0 ? [paint(`${countText(ledger.gaps)} lost in gaps`, "red")] : [];
  return [...labelled("Ledger", [balance, ...counts, ...gaps], options)];
}

function notedLines(status: PipelineStatus, options: RenderOptions): string[] {
  const { dead_letters: letters, results, checkpoint_age_seconds: age } = status;
  const kept = letters === 0 ? "none kept" : `${countText(letters)} kept`;
  return [
    ...labelled("Rows", [`${countText(results.added)} fired since the start`], options),
    ...labelled("Refused", [kept], options),
    ...labelled("Checkpoint", [`${spanText(age)} ago`], options),
  ];
}

function ruleLines(rules: readonly RuleStatus[], { columns, paint }: RenderOptions): string[] {
  return tableLines(
    [
      { title: "RULE", least: 8 },
      { title: "WINDOW", least: 10, leave: 3 },
      { title: "SERIES", align: "right" },
      { title: "OPEN", align: "right" },
      { title: "FIRED", align: "right" },
      { title: "REVISIONS", align: "right", leave: 2 },
      { title: "TO", least: 6, leave: 4 },
    ],
    rules.map(({ name, window, from, series, windows_open, fired, revisions, to }) => [
      from === undefined ? name : `${name} (from ${from})`,
      window,
      countText(series),
      countText(windows_open),
      countText(fired),
      countText(revisions),
      to.join(", "),
    ]),
    { columns, paint, indent: 0 },
  );
}

function sinkLines(sinks: readonly SinkStatus[], { columns, paint }: RenderOptions): string[] {
  const table = tableLines(
    [
      { title: "SINK", least: 8 },
      { title: "KIND", leave: 1 },
      { title: "BREAKER" },
      { title: "OUTBOX", align: "right" },
      { title: "WRITTEN", align: "right" },
      { title: "ERRORS", align: "right", leave: 2 },
      { title: "WHERE", least: 10, leave: 3 },
    ],
    sinks.map(({ name, kind, connected, breaker, outbox, written, errors, description }) => [
      name,
      kind,
      breakerCell(breaker, connected),
      countText(outbox),
      countText(written),
      { text: countText(errors), style: errors > 0 ? "yellow" : undefined },
      description,
    ]),
    { columns, paint, indent: 0 },
  );
  const problems = sinks.flatMap(({ name, problem, last_error }) => {
    const said = problem ?? last_error;
    if (said === undefined) return [];
    const kind = problem === undefined ? "last error: " : "";
    return wrapped(shownLine(`${name}: ${kind}${said}`), columns - 4).map((line, i) =>
      paint(i === 0 ? `  ! ${line}` : `    ${line}`, problem === undefined ? "dim" : "red"),
    );
  });
  return [...table, ...problems];
}

function breakerCell(breaker: SinkStatus["breaker"], connected: boolean): Cell {
  if (breaker === "open") return { text: breaker, style: "red" };
  if (breaker === "half-open") return { text: breaker, style: "yellow" };
  return connected ? { text: breaker, style: "green" } : { text: "not open", style: "yellow" };
}

/** A sparkline with what its top stands for; nothing where nobody watches. */
function sparkOf(
  unit: string,
  { history, columns, paint }: RenderOptions,
  valuesOf: (history: StatusHistory) => readonly (number | undefined)[],
  textOf: (value: number) => string,
): string[] {
  if (history === undefined) return [];
  const values = valuesOf(history);
  const known = values.filter((value) => value !== undefined);
  const top = known.length === 0 ? "" : `  ${unit}, up to ${textOf(Math.max(...known))}`;
  const room = columns - LABEL_COLUMNS - 2;
  const width = Math.min(SPARK_COLUMNS_MAX, room - top.length);
  const spark = sparkline(values, width < SPARK_COLUMNS_MIN ? room : width);
  const shownTop = width < SPARK_COLUMNS_MIN ? "" : top;
  return [`  ${" ".repeat(LABEL_COLUMNS)}${paint(spark, "cyan")}${paint(shownTop, "dim")}`];
}

/** A label and facts; those that do not fit go to further lines below. */
function labelled(label: string, facts: readonly string[], options: RenderOptions): string[] {
  const { columns, paint } = options;
  const room = columns - LABEL_COLUMNS - 2;
  const lines: string[] = [];
  for (const fact of facts.filter((one) => one !== "")) {
    const last = lines.at(-1);
    const together = last === undefined ? fact : `${last}, ${fact}`;
    if (last === undefined || widthOf(together) > room) lines.push(fact);
    else lines[lines.length - 1] = together;
  }
  return lines.map((line, i) => {
    const before = i === 0 ? label.padEnd(LABEL_COLUMNS) : " ".repeat(LABEL_COLUMNS);
    const fitted = widthOf(line) > room ? cutTo(plain(line), room) : line;
    return `  ${paint(before, "dim")}${fitted}`.trimEnd();
  });
}

function plain(text: string): string {
  return stripVTControlCharacters(text);
}

function widthOf(text: string): number {
  return columnsOf(plain(text));
}

/** Lines of at most `columns`, cut at spaces where there are some. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const together = line === "" ? word : `${line} ${word}`;
    if (columnsOf(together) <= columns) line = together;
    else {
      if (line !== "") lines.push(line);
      line = cutTo(word, columns);
    }
  }
  return line === "" ? lines : [...lines, line];
}
