import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../src/core/clock.ts";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { HISTORY_MS_MAX } from "../../src/core/limits.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { sqlite } from "../../src/sinks/sqlite.ts";
import { HISTORY_QUERY, historyRow, testHistory } from "../contract/history.ts";
import { rejectionOf } from "../support/rejection.ts";
import { sinkContext } from "../support/sink-writing.ts";

const { signal } = new AbortController();

let folder: string;
let options: { path: string; table: string };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "history-"));
  options = { path: join(folder, "rows.sqlite"), table: 'some "table"' };
});

afterEach(() => rm(folder, { recursive: true }));

async function write(rows: Parameters<typeof historyRow>[0] | ReturnType<typeof historyRow>[]) {
  const all =
    typeof rows === "number" ? Array.from({ length: rows }, (_, n) => historyRow(n)) : rows;
  const writer = await sqlite.open(options, sinkContext(), signal);
  try {
    expect(await writer.write({ rows: all, through: all.length }, signal)).toEqual({ refused: [] });
  } finally {
    await writer.close();
  }
}

const read = (clock: Clock = realClock, over: AbortSignal = signal) =>
  sqlite.history!(options, HISTORY_QUERY, { clock, signal: over });

describe("history of sqlite", () => {
  testHistory(async () => ({
    write: (rows) => write([...rows]),
    read: (query) => sqlite.history!(options, query, { clock: realClock, signal }),
  }));

  test("reads beside a writer that is in the middle of a transaction", async () => {
    await write(2);
    const other = new DatabaseSync(options.path);
    other.exec(`begin immediate; delete from "some ""table"""`);
    expect((await read()).points).toHaveLength(2);
    other.exec("rollback");
    other.close();
  });

  test("a file that is not there yet is away, and none is made", async () => {
    expect(await rejectionOf(read())).toBeInstanceOf(TransientError);
    expect(await Bun.file(options.path).exists()).toBe(false);
  });

  test("a table without an index for it is not looked at from end to end", async () => {
    await write(2);
    const other = new DatabaseSync(options.path);
    other.exec(`drop index "some ""table""_name_window_start"`);
    other.close();
    const failure = await rejectionOf(read());
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toContain(
      `make one: create index on "some ""table""" ("name", "window_start")`,
    );
  });

  test("lets the thread go every few milliseconds, and gives up in time", async () => {
    await write(2_000);
    let ms = 0;
    let breaths = 0;
    const clock: Clock = {
      now: () => realClock.now(),
      monotonicMs: () => (ms += 5),
      async sleep() {
        breaths++;
      },
    };
    expect((await read(clock)).points).toHaveLength(1_000);
    expect(breaths).toBeGreaterThan(2);
    const slow: Clock = { ...clock, monotonicMs: () => (ms += HISTORY_MS_MAX) };
    expect((await rejectionOf(read(slow))).message).toContain("no answer within 5 s");
    const stop = new AbortController();
    stop.abort();
    expect((await rejectionOf(read(clock, stop.signal))).message).toContain("it was stopped");
  });
});
