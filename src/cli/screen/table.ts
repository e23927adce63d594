import { shownLine } from "../../core/shown-text.ts";
import { columnsOf, cutTo, fitTo } from "./columns.ts";
import type { Paint, Style } from "./styles.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Where room is short this one gives way, down to so many columns; absent: it keeps its width. */
  readonly least?: number;
  /** Where even that is not enough, those with the highest number are left out first; absent: never. */
  readonly leave?: number;
}

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

const GAP = 2;

/**
 * A table as lines of at most `columns`: what strangers wrote is made harmless, columns that may shrink do,
 * and those that may be left out are, until it fits.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly (string | Cell)[])[],
  options: { readonly columns: number; readonly paint: Paint; readonly indent?: number },
): string[] {
  const { paint, indent = 0 } = options;
  const cells = rows.map((row) => row.map(cellOf));
  const room = options.columns - indent;
  const shown = layout(columns, cells, room);
  const line = (of: (at: number) => Cell, styleOfAll?: Style): string => {
    const parts = shown.map(({ at, width }, i) => {
      const { text, style = styleOfAll } = of(at);
      const align = columns[at]!.align ?? "left";
      const isLast = i === shown.length - 1;
      const fitted = isLast && align === "left" ? cutTo(text, width) : fitTo(text, width, align);
      return style === undefined ? fitted : paint(fitted, style);
    });
    return `${" ".repeat(indent)}${parts.join(" ".repeat(GAP))}`.trimEnd();
  };
  return [
    line((at) => ({ text: columns[at]!.title }), "dim"),
    ...cells.map((row) => line((at) => row[at] ?? { text: "" })),
  ];
}

function cellOf(cell: string | Cell): Cell {
  if (typeof cell === "string") return { text: shownLine(cell) };
  return { text: shownLine(cell.text), style: cell.style };
}

interface Shown {
  readonly at: number;
  width: number;
}

function layout(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  room: number,
): readonly Shown[] {
  let shown: Shown[] = columns.map(({ title }, at) => ({
    at,
    width: Math.max(columnsOf(title), ...rows.map((row) => columnsOf(row[at]?.text ?? ""))),
  }));
  for (;;) {
    const excess = shrunk(columns, shown, room);
    if (excess <= 0) return shown;
    const leaving = shown
      .filter(({ at }) => columns[at]!.leave !== undefined)
      .sort((a, b) => columns[b.at]!.leave! - columns[a.at]!.leave!)[0];
    if (leaving === undefined) return cutOff(shown, room);
    shown = shown.filter((one) => one !== leaving);
  }
}

/** Shrinks what may be shrunk. Returns what is too wide still; nothing is changed then. */
function shrunk(columns: readonly Column[], shown: readonly Shown[], room: number): number {
  const total = shown.reduce((sum, { width }) => sum + width, (shown.length - 1) * GAP);
  let excess = total - room;
  if (excess <= 0) return 0;
  const givable = shown.map(({ at, width }) => {
    const { least } = columns[at]!;
    return least === undefined ? 0 : Math.max(width - least, 0);
  });
  const giving = givable.reduce((sum, one) => sum + one, 0);
  if (giving < excess) return excess - giving;
  // The widest give first.
  while (excess > 0) {
    let widest = -1;
    shown.forEach(({ width }, i) => {
      if (givable[i]! > 0 && (widest < 0 || width > shown[widest]!.width)) widest = i;
    });
    shown[widest]!.width--;
    givable[widest]!--;
    excess--;
  }
  return 0;
}

/** Nothing helps: what stands beyond the edge is not shown. */
function cutOff(shown: readonly Shown[], room: number): Shown[] {
  let left = room;
  const kept: Shown[] = [];
  for (const { at, width } of shown) {
    const gap = kept.length === 0 ? 0 : GAP;
    if (left - gap < 1) break;
    const taken = Math.min(width, left - gap);
    kept.push({ at, width: taken });
    left -= gap + taken;
  }
  return kept;
}
