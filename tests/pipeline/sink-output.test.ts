import { describe, expect, test } from "bun:test";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { SINK_BATCH_ROWS_MAX } from "../../src/core/limits.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { epochMicros } from "../../src/core/time.ts";
import { rowOf } from "../../src/pipeline/row-maker.ts";
import { SinkOutput } from "../../src/pipeline/sink-output.ts";
import { rejectionOf } from "../support/rejection.ts";
import { scriptedSink, type WriteStep } from "../support/scripted-sink.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

function outputTo(writes: readonly WriteStep[] = []) {
  const clock = new VirtualClock();
  const sink = scriptedSink("main", writes);
  const stop = new AbortController();
  const output = new SinkOutput(sink.settings, {
    pipeline: "p",
    owner: { share: "0/1", lineage: "00000000-0000-8000-8000-000000000000", epoch: 1 },
    generation: 1,
    clock,
    logger: silentLogger,
    random: () => 1,
    stop: stop.signal,
  });
  return { output, sink, clock, stop };
}

function rowsOf(count: number): ResultRow[] {
  return Array.from({ length: count }, (_, i) =>
    rowOf("p", {
      rule: "r",
      name: `n${i}`,
      agg_func: "sum",
      start: epochMicros(0),
      end: epochMicros(60_000_000),
      value: i,
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

describe("SinkOutput.write()", () => {
  test("writes batch by batch, and counts the rows on over all calls", async () => {
    const { output, sink } = outputTo();
    await output.write(rowsOf(SINK_BATCH_ROWS_MAX + 2));
    await output.write([]);
    await output.write(rowsOf(3));
    expect(sink.sequences).toEqual([
      SINK_BATCH_ROWS_MAX,
      SINK_BATCH_ROWS_MAX + 2,
      SINK_BATCH_ROWS_MAX + 5,
    ]);
    expect(sink.rows.size).toBe(SINK_BATCH_ROWS_MAX + 2); // the last three are rows of the first
  });

  test("writes the same batch again while the sink is away", async () => {
    const { output, sink, clock } = outputTo([
      { before: new TransientError("refused") },
      { after: new TransientError("the answer was lost") },
    ]);
    const writing = output.write(rowsOf(2));
    await clock.advance(600);
    await writing;
    expect(sink.sequences).toEqual([2, 2]);
    expect(sink.rows.size).toBe(2);
  });

  test("fails with the row that the sink refuses, and why", async () => {
    const { output, sink } = outputTo([
      {
        refuse: [
          { index: 1, reason: "value is out of range" },
          { index: 2, reason: "and another" },
        ],
      },
    ]);
    const rows = rowsOf(3);
    const failure = await rejectionOf(output.write(rows));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toBe(`sink main refuses row ${rows[1]!.id}: value is out of range`);
    expect([...sink.rows.values()].map(({ name }) => name)).toEqual(["n0"]);
  });

  test("fails when it is stopped while the sink is away: not all was written", async () => {
    const { output, sink, stop } = outputTo([{ before: new TransientError("refused") }]);
    const writing = rejectionOf(output.write(rowsOf(1)));
    await settle();
    stop.abort();
    expect((await writing).name).toBe("AbortError");
    expect(sink.rows.size).toBe(0);
  });
});
