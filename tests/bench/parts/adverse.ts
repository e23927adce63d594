import type { StreamShape } from "../generate.ts";
import type { Bench, Part } from "../harness/bench.ts";
import { contest, standingOf } from "../harness/contest.ts";
import { pairColumns, pairRow, type Table, type TableRow } from "../harness/table.ts";
import { naive, replayOf } from "./programs.ts";

const SHAPES: Readonly<Record<string, StreamShape>> = {
  usual: {},
  "17 digits": { digits: "seventeen" },
  "shuffled fields": { layout: "shuffled" },
  spaces: { layout: "spaces" },
  // Five windows: else most series would have one event each.
  "200,000 series": { names: 200_000, seconds: 300 },
};

/** Inputs that are not made for us, each against the naive program over the same file. */
export const adverse: Part = {
  name: "adverse",
  summary: "17 digits, shuffled fields, spaces, 200,000 series, each against the naive program",
  async run(bench) {
    const rows: TableRow[] = [];
    for (const [name, shape] of Object.entries(SHAPES)) rows.push(await row(bench, name, shape));
    const table: Table = {
      title: `Adverse inputs, ${bench.events.toLocaleString("en-US")} events each, executable`,
      columns: pairColumns("naive"),
      rows,
    };
    return [table];
  },
};

async function row(bench: Bench, name: string, shape: StreamShape): Promise<TableRow> {
  const { events, rounds } = bench;
  const input = bench.inputs.of(events, shape);
  const contestants = [naive(bench, input), replayOf(bench, { name: "ours", input })];
  const say = (text: string): void => bench.say(`${name}, ${text}`);
  const standings = await contest(contestants, { rounds, say });
  const [base, ours] = [standingOf(standings, "naive"), standingOf(standings, "ours")];
  return pairRow(name, { ours, base, events });
}
