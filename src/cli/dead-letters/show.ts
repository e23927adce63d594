import { shownLine } from "../../core/shown-text.ts";
import type { DeadLetterView } from "../../pipeline/view.ts";
import { cutTo } from "../screen/columns.ts";
import { countText, timeText } from "../screen/numbers.ts";
import { painter } from "../screen/styles.ts";
import { tableLines } from "../screen/table.ts";
import type { Terminal } from "../terminal.ts";

/** Letters of a page on a screen, unless it is said how many. */
const SCREEN_LIMIT = 50;

/** Prints letters: as objects for programs, in two lines each for people. */
export async function showLetters(
  letters: AsyncIterable<DeadLetterView>,
  options: {
    readonly json: boolean;
    readonly limit: number | undefined;
    readonly terminal: Terminal;
  },
): Promise<void> {
  const { json, terminal } = options;
  const onScreen = terminal.isPrintedToScreen && !json;
  const limit = options.limit ?? (onScreen ? SCREEN_LIMIT : Infinity);
  const paint = painter(terminal.printsColours);
  let shown = 0;
  let last = 0;
  for await (const letter of letters) {
    if (shown >= limit) {
      terminal.say(`There are more: --after ${last} shows them, --limit more at once`);
      return;
    }
    const { seq, reason, at, detail, event, received_at } = letter;
    shown++;
    last = seq;
    if (json) {
      terminal.print(JSON.stringify(letter));
      continue;
    }
    const when = new Date(received_at * 1000).toISOString();
    const facts = `${shownLine(at)}: ${shownLine(detail)}`;
    terminal.printStyled(`${seq}  ${paint(when, "dim")}  ${paint(reason, "yellow")}  ${facts}`);
    const text = `    ${shownLine(event.trimEnd())}`;
    terminal.printStyled(onScreen ? cutTo(text, terminal.printedSize.columns) : text);
  }
  if (shown === 0 && onScreen) terminal.say("There are none");
}

/** How many letters there are of each reason, and from when to when. */
export async function countLetters(
  letters: AsyncIterable<DeadLetterView>,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): Promise<void> {
  const reasons = new Map<string, { count: number; oldest: number; newest: number }>();
  for await (const { reason, received_at: at } of letters) {
    const held = reasons.get(reason) ?? { count: 0, oldest: at, newest: at };
    held.count++;
    held.oldest = Math.min(held.oldest, at);
    held.newest = Math.max(held.newest, at);
    reasons.set(reason, held);
  }
  const all = [...reasons].sort(([, a], [, b]) => b.count - a.count);
  const total = all.reduce((sum, [, { count }]) => sum + count, 0);
  if (json) {
    const counts = Object.fromEntries(all.map(([reason, { count }]) => [reason, count]));
    const oldest = total === 0 ? null : Math.min(...all.map(([, held]) => held.oldest));
    const newest = total === 0 ? null : Math.max(...all.map(([, held]) => held.newest));
    terminal.print(JSON.stringify({ total, reasons: counts, oldest, newest }));
    return;
  }
  if (total === 0) {
    terminal.print("There are none");
    return;
  }
  const lines = tableLines(
    [
      { title: "REASON" },
      { title: "COUNT", align: "right" },
      { title: "OLDEST", leave: 2 },
      { title: "NEWEST", leave: 1 },
    ],
    [
      ...all.map(([reason, { count, oldest, newest }]) => [
        reason,
        countText(count),
        timeText(oldest),
        timeText(newest),
      ]),
      ["all", countText(total)],
    ],
    {
      columns: terminal.isPrintedToScreen ? terminal.printedSize.columns : Infinity,
      paint: painter(terminal.printsColours),
    },
  );
  terminal.printStyled(lines.join("\n"));
}
