import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ruleOf, SECOND } from "../support/engine-input.ts";
import { feed } from "../support/feed.ts";

/** Name, function, window start, value, events: in rational arithmetic, rounded once. */
type Expected = readonly [string, string, number, number, number];

const folder = join(import.meta.dir, "nab");
const events = await Bun.file(join(folder, "events.ndjson")).bytes();
// The file is ours and holds nothing else.
const expected = (await Bun.file(join(folder, "expected.json")).json()) as Expected[];

describe("500 measurements of the Numenta Anomaly Benchmark, by the hour", () => {
  const rules = [ruleOf({ size: 3_600 })];

  test.each([1, 7, 8_192])("give the rows of exact arithmetic, in batches of %i", (batch) => {
    const { rows, refused, ledger } = feed(events, { rules, batch });
    expect(refused).toEqual([]);
    expect(ledger).toMatchObject({ received: 500, aggregated: 500 });
    const byWindow = rows.toSorted(
      (a, b) => a.start - b.start || (a.name < b.name ? -1 : Number(a.name > b.name)),
    );
    const got = byWindow.map((row) => [row.name, row.agg_func, row.start / SECOND, row.count]);
    expect(got).toEqual(expected.map(([name, fn, start, , count]) => [name, fn, start, count]));
    for (const [i, row] of byWindow.entries()) {
      const exact = expected[i]![3];
      expect(Math.abs(row.value! - exact)).toBeLessThanOrEqual(
        1e-12 * Math.max(1, Math.abs(exact)),
      );
    }
  });
});
