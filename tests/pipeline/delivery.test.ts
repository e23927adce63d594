import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { SINK_BATCH_ROWS_MAX } from "../../src/core/limits.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { epochMicros } from "../../src/core/time.ts";
import { Delivery } from "../../src/pipeline/delivery.ts";
import { SinkMeasurements } from "../../src/pipeline/measurements.ts";
import { rowOf } from "../../src/pipeline/row-maker.ts";
import { State } from "../../src/state/state.ts";
import { rejectionOf } from "../support/rejection.ts";
import { scriptedSink, type WriteStep } from "../support/scripted-sink.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function start(writes: readonly WriteStep[] = []) {
  const dir = mkdtempSync(join(tmpdir(), "delivery-"));
  folders.push(dir);
  const clock = new VirtualClock();
  const sink = scriptedSink("main", writes);
  const sinks = ["main", "other"];
  const state = State.open({ dir, pipeline: "p", share: "0/1", sinks, now: 1 });
  const { lineage, epoch, generation } = state;
  const delivery = new Delivery(sink.settings, {
    state,
    pipeline: "p",
    owner: { share: "0/1", lineage, epoch },
    generation,
    clock,
    logger: silentLogger,
    random: () => 1,
    measurements: new SinkMeasurements(),
  });
  const stop = new AbortController();
  const running = delivery.run(stop.signal);
  running.catch(() => {}); // looked at by the test
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
    state.close();
  };
  return { dir, delivery, state, sink, clock, running, end };
}

function give(state: State, sink: string, rows: readonly ResultRow[]): void {
  const nothing = { pages: { remove: [], put: [] }, cursor: undefined, refusals: [] };
  state.commit({ ...nothing, refusedAt: 1, rows: new Map([[sink, rows]]) });
}

function rowsOf(count: number, from = 0): ResultRow[] {
  return Array.from({ length: count }, (_, i) =>
    rowOf("p", {
      rule: "r",
      name: `n${from + i}`,
      agg_func: "sum",
      start: epochMicros(0),
      end: epochMicros(60_000_000),
      value: from + i,
      count: 1,
      revision: 0,
      labels: [],
      partial: false,
      overflow: false,
      filled: false,
      withdrawn: false,
      detail: undefined,
    }),
  );
}

describe("Delivery.run()", () => {
  test("carries its own rows in order, in batches that are bounded, and takes them out", async () => {
    const { delivery, state, sink, end } = start();
    await settle();
    expect(delivery.wasConnected).toBe(true); // before there is any row
    give(state, "main", rowsOf(SINK_BATCH_ROWS_MAX + 1));
    give(state, "other", rowsOf(5));
    await settle();
    expect(sink.sequences).toEqual([SINK_BATCH_ROWS_MAX, SINK_BATCH_ROWS_MAX + 1]);
    expect([...sink.rows.values()].map(({ value }) => value)).toEqual(
      rowsOf(SINK_BATCH_ROWS_MAX + 1).map(({ value }) => value),
    );
    expect([state.outbox.depth("main"), state.outbox.depth("other")]).toEqual([0, 5]);
    expect(delivery.written).toBe(SINK_BATCH_ROWS_MAX + 1);
    await end();
  });

  test("keeps the rows until the sink has them, and says what is wrong meanwhile", async () => {
    const gone = new TransientError("no route to host");
    const { delivery, state, sink, clock, end } = start([{ before: gone }, { before: gone }]);
    give(state, "main", rowsOf(3));
    await settle();
    expect(delivery.status()).toMatchObject({
      connected: false,
      breaker: "closed",
      outbox: 3,
      written: 0,
      errors: 1,
      problem: "no route to host, next try in 1 s",
    });
    await clock.advance(200);
    expect(delivery.errors).toBe(2);
    await clock.advance(400);
    expect(sink.rows.size).toBe(3);
    expect(delivery.status()).toMatchObject({ connected: true, outbox: 0, written: 3, errors: 2 });
    expect(delivery.problem).toBeUndefined();
    await end();
  });

  test("makes a refused row a dead letter and does not count it as written", async () => {
    const { delivery, state, sink, end } = start([
      { refuse: [{ index: 1, reason: "value is out of range" }] },
    ]);
    const rows = rowsOf(3);
    give(state, "main", rows);
    await settle();
    expect([...sink.rows.keys()]).toEqual([rows[0]!.id, rows[2]!.id]);
    expect(delivery.written).toBe(2);
    expect(state.outbox.depth("main")).toBe(0);
    const [letter] = state.deadLetters.list({ after: 0, limit: 10 });
    expect(letter).toMatchObject({
      reason: "refused",
      detail: "value is out of range",
      at: "sink main",
    });
    expect(JSON.parse(letter!.event)).toMatchObject({ id: rows[1]!.id, value: 1 });
    await end();
  });

  test("stops at a stored row that was damaged, and writes none of its batch", async () => {
    const { dir, state, sink, running } = start();
    await settle();
    const db = new DatabaseSync(join(dir, "state.sqlite"));
    db.exec(`create trigger flip after insert on outbox when new.sequence = 2 begin
      update outbox set row = cast(replace(row, 'n1', 'n7') as blob)
       where sink = new.sink and sequence = 2; end`);
    db.close();
    give(state, "main", rowsOf(3));
    const failure = await rejectionOf(running);
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(
      /row 2 for sink main is damaged.*Restore it from a backup \(aggregator restore\)/,
    );
    expect(sink.rows.size).toBe(0);
    state.close();
  });

  test("rejects with what cannot be mended; the rows stay", async () => {
    const { state, running } = start([{ before: new FatalError("table has no column value") }]);
    give(state, "main", rowsOf(2));
    const failure = await rejectionOf(running);
    expect(failure.message).toBe("sink main: table has no column value");
    expect(state.outbox.depth("main")).toBe(2);
    state.close();
  });
});
