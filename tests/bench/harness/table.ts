import { median, ratio, type Sample, type Standing, standingOf } from "./contest.ts";

export interface Column {
  readonly key: string;
  readonly head: string;
  /** Digits behind the point. */
  readonly digits: number;
}

export interface TableRow {
  readonly name: string;
  /** By the keys of the columns; a text says why there is no number. */
  readonly cells: Readonly<Record<string, number | string | undefined>>;
  /** What the medians are of. */
  readonly samples?: readonly Sample[];
}

/** What a part found, as it is printed and written to the JSON. */
export interface Table {
  readonly title: string;
  readonly remarks?: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
}

/** Events a second, and how that is to the baseline of the same rounds, by the clock and in CPU time. */
export function throughputTable(options: {
  readonly title: string;
  readonly remarks?: readonly string[];
  readonly standings: readonly Standing[];
  readonly events: number;
  readonly baseline: string;
  /** Further ones to compare with. */
  readonly others?: readonly string[];
  /** Figures of `extra`, behind the usual ones. */
  readonly extra?: readonly Column[];
}): Table {
  const { title, remarks, standings, events, baseline, others = [], extra = [] } = options;
  const base = standingOf(standings, baseline);
  const columnsOfOthers = others.flatMap((name, i): Column[] => [
    { key: `ratio${i}`, head: `to ${name}`, digits: 2 },
    { key: `cpuRatio${i}`, head: "in CPU time", digits: 2 },
  ]);
  const ratiosOf = (standing: Standing) =>
    others.flatMap((name, i) => {
      const other = standingOf(standings, name);
      return [
        [`ratio${i}`, ratio(standing, other)],
        [`cpuRatio${i}`, ratio(standing, other, ({ cpuSeconds }) => cpuSeconds)],
      ];
    });
  return {
    title,
    ...(remarks === undefined ? {} : { remarks }),
    columns: [
      { key: "rate", head: "M events/s", digits: 2 },
      { key: "ratio", head: `to ${baseline}`, digits: 2 },
      { key: "cpuRatio", head: "in CPU time", digits: 2 },
      ...columnsOfOthers,
      { key: "cpuSeconds", head: "CPU s", digits: 2 },
      { key: "peakMiB", head: "peak MiB", digits: 0 },
      ...extra,
    ],
    rows: standings.map((standing) => ({
      name: standing.name,
      cells: {
        rate: events / median(standing, ({ seconds }) => seconds)! / 1e6, // always measured
        ratio: ratio(standing, base),
        cpuRatio: ratio(standing, base, ({ cpuSeconds }) => cpuSeconds),
        cpuSeconds: median(standing, ({ cpuSeconds }) => cpuSeconds),
        peakMiB: median(standing, ({ peakMiB }) => peakMiB),
        ...Object.fromEntries(ratiosOf(standing)),
        ...Object.fromEntries(
          extra.map(({ key }) => [key, median(standing, (sample) => sample.extra?.[key])]),
        ),
      },
      samples: standing.samples,
    })),
  };
}

/** Of rows that each have a baseline of their own. */
export function pairColumns(baseline: string): readonly Column[] {
  return [
    { key: "rate", head: "M events/s", digits: 2 },
    { key: "base", head: baseline, digits: 2 },
    { key: "ratio", head: `to ${baseline}`, digits: 2 },
    { key: "cpuRatio", head: "in CPU time", digits: 2 },
    { key: "peakMiB", head: "peak MiB", digits: 0 },
  ];
}

/** A row of such a table. */
export function pairRow(
  name: string,
  of: { readonly ours: Standing; readonly base: Standing; readonly events: number },
): TableRow {
  const { ours, base, events } = of;
  return {
    name,
    cells: {
      rate: events / median(ours, ({ seconds }) => seconds)! / 1e6, // always measured
      base: events / median(base, ({ seconds }) => seconds)! / 1e6,
      ratio: ratio(ours, base),
      cpuRatio: ratio(ours, base, ({ cpuSeconds }) => cpuSeconds),
      peakMiB: median(ours, ({ peakMiB }) => peakMiB),
    },
    samples: ours.samples,
  };
}

/** Lines for a person. */
export function tableText({ title, remarks = [], columns, rows }: Table): string {
  const nameWidth = Math.max(0, ...rows.map(({ name }) => name.length)) + 1;
  const texts = rows.map(({ cells }) => columns.map((column) => cellText(cells, column)));
  const widths = columns.map(({ head }, i) => {
    return Math.max(head.length, ...texts.map((cells) => cells[i]!.length)) + 2;
  });
  const isText = columns.map(({ key }) =>
    rows.every(({ cells }) => typeof cells[key] === "string"),
  );
  const pad = (cell: string, i: number): string =>
    isText[i] === true ? `  ${cell}`.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(nameWidth)}${cells.map(pad).join("")}`.trimEnd();
  return [
    title,
    ...remarks,
    line(
      "",
      columns.map(({ head }) => head),
    ),
    ...rows.map(({ name }, i) => line(name, texts[i]!)),
  ].join("\n");
}

/** The same as Markdown, without the title. */
export function tableMarkdown({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(["", ...columns.map(({ head }) => head)]),
    `|---|${columns.map(() => "---:|").join("")}`,
    ...rows.map(({ name, cells }) =>
      line([name, ...columns.map((column) => cellText(cells, column))]),
    ),
  ].join("\n");
}

export function cellText(cells: TableRow["cells"], { key, digits }: Column): string {
  const cell = cells[key];
  return typeof cell === "number" ? numberText(cell, digits) : (cell ?? "");
}

export function numberText(value: number, digits: number): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
