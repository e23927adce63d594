import type { ResultRow } from "../../core/result.ts";
import type { SinkSettings } from "../../core/settings.ts";
import { defineSink } from "../../core/sink.ts";

const NAME_COLUMNS = 28;
const NUMBER_COLUMNS = 16;

/** A sink that shows rows as a table, a window at a time. */
export function tableSink(print: (line: string) => void): SinkSettings {
  let shown: number | undefined;
  const show = (row: ResultRow): void => {
    if (row.window_start !== shown) {
      shown = row.window_start;
      const from = clockText(row.window_start);
      print(`${from} to ${clockText(row.window_end)} UTC`);
    }
    const name = row.name.padEnd(NAME_COLUMNS);
    const value = (row.value === null ? "—" : row.value.toFixed(2)).padStart(NUMBER_COLUMNS);
    const late = row.revision === 0 ? "" : `  revision ${row.revision}`;
    print(`  ${name} ${row.agg_func.padEnd(5)} ${value}   of ${row.count} events${late}`);
  };
  const definition = defineSink<unknown, unknown>({
    name: "table",
    summary: "Shows rows on the screen.",
    delivery: "at-least-once",
    options: { "~standard": { version: 1, vendor: "aggregator" } },
    example: {},
    describe: () => "this screen",
    async open() {
      return {
        async write({ rows }) {
          for (const row of rows) show(row);
          return { refused: [] };
        },
        async close() {},
      };
    },
  });
  return { name: "screen", definition, options: {} };
}

function clockText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}
