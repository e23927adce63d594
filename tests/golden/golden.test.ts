import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import type { Refusal } from "../../src/core/event.ts";
import { emptyLedger } from "../../src/core/ledger.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { EventBatch } from "../../src/core/source.ts";
import { Processor } from "../../src/pipeline/processor.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { replay } from "../../src/pipeline/replay.ts";
import { file } from "../../src/sources/file.ts";
import { PageMemory } from "../support/page-memory.ts";

const here = import.meta.dir;
const cases = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

interface Expected {
  readonly rows: readonly Record<string, unknown>[];
  readonly ledger: Record<string, number>;
  readonly dead_letters: readonly Pick<Refusal, "at" | "reason">[];
}

function expectedOf(folder: string): Expected {
  const rows = readFileSync(join(folder, "expected.ndjson"), "utf8").trim().split("\n");
  const rest: Omit<Expected, "rows"> = JSON.parse(
    readFileSync(join(folder, "expected.json"), "utf8"),
  );
  return { rows: rows.map((line) => JSON.parse(line)), ...rest };
}

/** The rows as they stand in a sink in the end: the last revision of each. */
function finalRows(rows: readonly ResultRow[]): Record<string, unknown>[] {
  const byId = new Map<string, ResultRow>();
  for (const row of rows) byId.set(row.id, row);
  return [...byId.values()]
    .map(({ id, rule, name, agg_func, window_start, window_end, value, count }) => {
      return { id, rule, name, agg_func, window_start, window_end, value, count };
    })
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf(row: Record<string, unknown>): string {
  return JSON.stringify([row["window_end"], row["rule"], row["name"], row["agg_func"]]);
}

describe.each(cases)("golden case %s", (name) => {
  const folder = join(here, name);
  const expected = expectedOf(folder);
  const wanted = [...expected.rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

  test("gives the expected rows, ledger and dead letters in a replay", async () => {
    const settings = await loadConfig({
      path: join(folder, "aggregator.config.ts"),
      cwd: folder,
      env: {},
    });
    const rows: ResultRow[] = [];
    const refusals: Refusal[] = [];
    const {
      balanced,
      rows: count,
      seconds: _,
      events_per_second: __,
      ...ledger
    } = await replay(settings, {
      input: {
        definition: file,
        options: { path: join(folder, "events.ndjson"), follow: false },
      },
      clock: realClock,
      logger: silentLogger,
      seed: 7,
      onRows: async (more) => void rows.push(...more),
      onRefusal: (refusal) => refusals.push(refusal),
      signal: new AbortController().signal,
    });
    expect(finalRows(rows)).toEqual(wanted);
    expect(ledger).toEqual({ ...emptyLedger(), ...expected.ledger });
    expect(balanced).toBe(true);
    expect(count).toBe(rows.length);
    expect(refusals.map(({ at, reason }) => ({ at, reason }))).toEqual([...expected.dead_letters]);
  });

  test("gives the same rows when every event is a batch of its own", async () => {
    const settings = await loadConfig({
      path: join(folder, "aggregator.config.ts"),
      cwd: folder,
      env: {},
    });
    const processor = processorOf(settings);
    const rows: ResultRow[] = [];
    for (const line of linesOf(folder)) {
      processor.add(batchOf(line), { now: realClock.now(), nowMs: 0 });
      rows.push(...processor.rows());
    }
    processor.engine.finish();
    rows.push(...processor.rows());
    expect(finalRows(rows)).toEqual(wanted);
  });

  test.each([1, 2, 3, 5])(
    "gives the same rows when it is restored after every %d lines",
    async (k) => {
      const settings = await loadConfig({
        path: join(folder, "aggregator.config.ts"),
        cwd: folder,
        env: {},
      });
      const memory = new PageMemory();
      const rows: ResultRow[] = [];
      let processor = processorOf(settings);
      for (const [i, line] of linesOf(folder).entries()) {
        processor.add(batchOf(line), { now: realClock.now(), nowMs: 0 });
        rows.push(...processor.rows());
        if (i % k !== k - 1) continue;
        memory.apply(processor.changes());
        processor = processorOf(settings);
        expect(processor.restore(memory.pages)).toEqual([]);
      }
      processor.engine.finish();
      rows.push(...processor.rows());
      expect(finalRows(rows)).toEqual(wanted);
      expect({ ...emptyLedger(), ...expected.ledger }).toEqual(processor.engine.ledger);
      // All windows are forgotten, so nothing of them stays behind.
      memory.apply(processor.changes());
      expect([...memory.pages].filter(({ key }) => key.includes("/pane/"))).toEqual([]);
    },
  );
});

function processorOf(settings: Settings): Processor {
  return new Processor(settings, { seed: 11, nowMs: 0, onRefusal: () => {} });
}

function linesOf(folder: string): Uint8Array[] {
  const text = readFileSync(join(folder, "events.ndjson"));
  const lines: Uint8Array[] = [];
  // The source passes over a byte order mark.
  const start = text.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  for (let at = start; at < text.length; ) {
    const lineFeed = text.indexOf(10, at);
    const end = lineFeed < 0 ? text.length : lineFeed + 1;
    lines.push(text.subarray(at, end));
    at = end;
  }
  return lines;
}

function batchOf(bytes: Uint8Array): EventBatch {
  return {
    partition: "0",
    bytes,
    length: bytes.length,
    cursor: "",
    place: () => "",
    pending: undefined,
    refusals: [],
    gap: undefined,
  };
}
