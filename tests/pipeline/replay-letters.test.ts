import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TransientError } from "../../src/core/errors.ts";
import type { Refusal } from "../../src/core/event.ts";
import { DEAD_LETTER_BYTES_MAX, LETTERS_AT_ONCE } from "../../src/core/limits.ts";
import { type LazyFields, type Logger, silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { Settings } from "../../src/core/settings.ts";
import { durationMicros } from "../../src/core/time.ts";
import type { ReplayOutcome, ReplayQuery } from "../../src/pipeline/control.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { LivePipelineView } from "../../src/pipeline/pipeline-view.ts";
import { replayLetters } from "../../src/pipeline/replay-letters.ts";
import { State } from "../../src/state/state.ts";
import { rejectionOf } from "../support/rejection.ts";
import { scriptedSink, type WriteStep } from "../support/scripted-sink.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../support/settings.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const T = 1_699_999_980; // a whole minute

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "letters-"));
  folders.push(dir);
  return dir;
}

interface Options {
  readonly steps?: readonly Step[];
  readonly writes?: readonly WriteStep[];
  readonly dir?: string;
  readonly settings?: Partial<Settings>;
  readonly outboxBytesMax?: number;
  /** Dead letters that an earlier start left. */
  readonly letters?: readonly Refusal[];
  readonly logger?: Logger;
  /** Told of rows when they fired. */
  readonly onRows?: (rows: readonly ResultRow[]) => void;
}

/** A service whose clock stands at `T` when it starts. */
function start(options: Options = {}) {
  const { steps = [], writes = [], dir = newFolder(), letters = [] } = options;
  const clock = new VirtualClock(T);
  const source = scriptedSource(steps);
  const sink = scriptedSink("main", writes);
  const { outboxBytesMax, logger = silentLogger, onRows = () => {} } = options;
  const state = State.open({
    dir,
    pipeline: "test",
    share: "0/1",
    sinks: ["main"],
    now: T,
    ...(outboxBytesMax === undefined ? {} : { outboxBytesMax }),
  });
  if (letters.length > 0) leave(state, letters);
  const settings = settingsOf({ source: source.settings, sinks: [sink.settings] });
  const pipeline = new Pipeline(
    { ...settings, ...options.settings },
    { clock, logger, state, log: undefined, random: () => 0.5, onRows },
  );
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  ended.catch(() => {}); // looked at by the test
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
    state.close();
  };
  return { clock, sink, state, pipeline, dir, end, view: new LivePipelineView(pipeline, "0.0.0") };
}

function leave(state: State, refusals: readonly Refusal[]): void {
  const pages = { remove: [], put: [] };
  state.commit({ pages, cursor: undefined, rows: new Map(), refusals, refusedAt: T });
}

/** Replays, and lets as much time pass as that takes. */
async function replay(
  { pipeline, clock }: Pick<ReturnType<typeof start>, "pipeline" | "clock">,
  query: ReplayQuery = {},
): Promise<ReplayOutcome> {
  const replaying = replayLetters(pipeline, query);
  replaying.catch(() => {}); // looked at by the test
  await settle();
  await clock.advance(10);
  return await replaying;
}

function event(value: number, timestamp: number, more: object = {}): object {
  return { name: "cpu", value, timestamp, ...more };
}

function letterOf(text: object | string, more: Partial<Refusal> = {}): Refusal {
  const json = typeof text === "string" ? text : JSON.stringify(text);
  return { reason: "unknown_function", detail: "it was not there", event: json, at: "x", ...more };
}

function batch(...events: readonly (object | string)[]): Step {
  return { kind: "batch", batch: batchOf(events) };
}

function short(rows: Iterable<ResultRow>): unknown[] {
  return [...rows].map((row) => [row.window_start, row.value, row.count, row.revision]);
}

describe("replayLetters()", () => {
  test("tells the log which events came back, where they were, and in which checkpoint they are", async () => {
    const lines: (readonly [string, unknown])[] = [];
    const say = (message: string, fields: LazyFields = {}): void => {
      lines.push([message, typeof fields === "function" ? fields() : fields]);
    };
    const logger: Logger = { ...silentLogger, debug: say, trace: say, isEnabled: () => true };
    const letters = Array.from({ length: 250 }, (_, i) =>
      letterOf(event(1, T), { at: `line ${i + 1}` }),
    );
    letters.push(letterOf("nonsense", { reason: "invalid_json", at: "line 251" }));
    const service = start({ letters, logger });
    await replay(service, { seqs: [1, 251] });
    await replay(service);
    await service.end();
    const told = (message: string): unknown[] =>
      lines.filter(([of]) => of === message).map(([, fields]) => fields);
    const back = told("Dead letters came back.");
    expect(back).toEqual([
      {
        checkpoint: "1-1",
        letters: [1, 251],
        count: 2,
        at: ["line 1", "line 251"],
        received: 2,
        aggregated: 1,
        invalid: 1,
        replayed: 2,
      },
      // The last one has a new number by now.
      expect.objectContaining({
        checkpoint: "1-2",
        letters: [2, 252],
        count: 250,
        aggregated: 249,
      }),
    ]);
    expect(told("These events were among them.")).toEqual([
      { checkpoint: "1-2", at: letters.slice(1, 201).map(({ at }) => at) },
      { checkpoint: "1-2", at: letters.slice(201).map(({ at }) => at) },
    ]);
    expect(told("A checkpoint was made.").slice(0, 2)).toMatchObject([
      { checkpoint: "1-1", dead_letters: 1 },
      { checkpoint: "1-2", dead_letters: 1 },
    ]);
  });

  test("receives events again, once, and the ledger balances", async () => {
    const service = start({
      steps: [batch(event(1, T + 3600), event(2, T), "nonsense")],
    });
    const { view, end, sink, state, clock } = service;
    await settle();
    expect(view.ledger()).toMatchObject({ received: 3, aggregated: 1, future: 1, invalid: 1 });
    await clock.advance(3_600_000 - 9_000);
    const outcome = await replay(service);
    expect(outcome).toEqual({ replayed: 2, refused_again: 1, left: [] });
    expect(view.ledger()).toMatchObject({
      received: 5,
      aggregated: 2,
      future: 1,
      invalid: 2,
      replayed: 2,
      balanced: true,
      rules: { per_minute: { received: 2, aggregated: 2, balanced: true } },
    });
    const letters = state.deadLetters.list({ after: 0, limit: 10 });
    // Its number is new, its place is that of the event.
    expect(letters).toMatchObject([{ seq: 3, reason: "invalid_json", at: "line 3" }]);
    expect(await replay(service, { reason: "future" })).toMatchObject({ replayed: 0 });
    await clock.advance(100_000);
    expect(short(sink.rows.values())).toEqual([
      [T, 2, 1, 0],
      [T + 3600, 1, 1, 0],
    ]);
    await end();
  });

  test("makes nothing late that the source has still to bring", async () => {
    const service = start({
      steps: [batch(event(1, T)), "wait", batch(event(2, T + 1))],
      letters: [letterOf(event(4, T + 50)), letterOf(event(8, T - 70))],
    });
    const { view, end, clock } = service;
    await settle();
    const before = view.status().watermark;
    expect(await replay(service)).toMatchObject({ replayed: 2, refused_again: 1 });
    expect(view.status().watermark).toBe(before);
    await clock.advance(6_000);
    expect(view.ledger()).toMatchObject({ aggregated: 3, late: 1, replayed: 2, balanced: true });
    await end();
  });

  test("closes the windows of a service that has seen nothing else", async () => {
    const service = start({ letters: [letterOf(event(4, T + 3))] });
    const { sink, end, clock } = service;
    await settle();
    await replay(service);
    await clock.advance(80_000);
    expect(short(sink.rows.values())).toEqual([[T, 4, 1, 0]]);
    await end();
  });

  test("fires a window again that still takes late events", async () => {
    const lateness = durationMicros(3_600_000_000);
    const told: ResultRow[] = [];
    const service = start({
      onRows: (rows) => void told.push(...rows),
      steps: [batch(event(1, T - 60), event(2, T + 10))],
      letters: [letterOf(event(4, T - 59))],
      settings: { rules: [ruleOf({ allowedLateness: lateness })] },
    });
    const { sink, end } = service;
    await settle();
    await replay(service);
    await settle();
    expect(short(sink.rows.values())).toEqual([[T - 60, 5, 2, 1]]);
    // Alerts hear of it, too.
    expect(short(told)).toEqual([
      [T - 60, 1, 1, 0],
      [T - 60, 5, 2, 1],
    ]);
    await end();
  });

  test("does not end what is missing of the source", async () => {
    const gap = { events: 1, detail: "the bus threw it away" };
    const service = start({
      steps: [
        batch(event(1, T - 175)),
        { kind: "batch", batch: batchOf([], { gap }) },
        "wait",
        batch(event(1, T - 110), event(1, T - 50)),
        { kind: "end" },
      ],
      letters: [letterOf(event(2, T - 174))],
    });
    const { sink, end, clock } = service;
    await settle();
    expect(await replay(service)).toMatchObject({ replayed: 1, refused_again: 0 });
    await clock.advance(6_000);
    const partial = [...sink.rows.values()].map((row) => [row.window_start, row.partial]);
    expect(partial).toEqual([
      [T - 180, true],
      [T - 120, true],
      [T - 60, undefined],
    ]);
    await end();
  });

  test("takes an event once that came by another way meanwhile", async () => {
    const service = start({
      steps: [batch(event(1, T, { id: "a" }))],
      letters: [letterOf(event(1, T, { id: "a" })), letterOf(event(2, T, { id: "b" }))],
    });
    const { view, end } = service;
    await settle();
    await replay(service);
    expect(view.ledger()).toMatchObject({
      received: 3,
      aggregated: 2,
      duplicate: 1,
      balanced: true,
    });
    await end();
  });

  test("leaves what cannot come back as what it was, and says why", async () => {
    const whole = JSON.stringify(event(1, T));
    const service = start({
      letters: [
        letterOf(event(1, T - 600), { reason: "late" }),
        letterOf(event(1, T - 600), { reason: "late" }),
        letterOf(whole.padEnd(DEAD_LETTER_BYTES_MAX)),
        letterOf(" \r\t", { reason: "invalid_json" }),
        letterOf(whole.replace("cpu", "caf\ufffd"), { reason: "invalid_json" }),
        letterOf("{}", { reason: "refused", at: "sink gone" }),
        letterOf(whole.padEnd(DEAD_LETTER_BYTES_MAX - 1), { reason: "too_large" }),
        letterOf(whole.replace("cpu", "caf\ufffd")),
        letterOf(whole.replace("cpu", "c\npu"), { reason: "invalid_json" }),
      ],
    });
    const { view, end, state } = service;
    await settle();
    const outcome = await replay(service);
    expect(outcome).toMatchObject({ replayed: 3, refused_again: 1 });
    expect(
      outcome.left.map(({ reason, count, why }) => [reason, count, why.split(":")[0]]),
    ).toEqual([
      ["late", 2, "late"],
      ["unknown_function", 1, "kept up to 4096 bytes only"],
      ["invalid_json", 1, "blank"],
      ["invalid_json", 1, "not UTF-8"],
      ["refused", 1, "no sink is called gone in the configuration"],
    ]);
    const stay = state.deadLetters.list({ after: 0, limit: 20 }).map(({ seq }) => seq);
    expect(stay).toEqual([1, 2, 3, 4, 5, 6, 10]);
    expect(view.ledger()).toMatchObject({ received: 3, aggregated: 2, invalid: 1, balanced: true });
    await end();
  });

  test("takes those of a reason, up to a number, or with these numbers", async () => {
    const reasons = ["future", "over_limit", "future", "rule_failed", "invalid_name"] as const;
    const letters = reasons.map((reason, i) => letterOf(event(2 ** i, T), { reason }));
    const service = start({ letters });
    const { end, state } = service;
    await settle();
    const left = (): number[] =>
      state.deadLetters.list({ after: 0, limit: 20 }).map(({ seq }) => seq);
    expect(await replay(service, { reason: "future", through: 2 })).toMatchObject({
      replayed: 1,
    });
    expect(left()).toEqual([2, 3, 4, 5]);
    expect(await replay(service, { seqs: [2, 4, 99] })).toMatchObject({ replayed: 2 });
    expect(left()).toEqual([3, 5]);
    expect(await replay(service, { seqs: [5], reason: "future" })).toMatchObject({
      replayed: 0,
    });
    expect(await replay(service, { through: 4 })).toMatchObject({ replayed: 1 });
    expect(left()).toEqual([5]);
    await end();
  });

  test("takes a bounded number at a time, and the source is read in between", async () => {
    const count = 2 * LETTERS_AT_ONCE + 1;
    const letters = Array.from({ length: count }, () => letterOf("nonsense"));
    const service = start({ letters });
    const { pipeline, view, end, state, clock } = service;
    await settle();
    const commits: number[] = [];
    const commit = state.commit.bind(state);
    state.commit = (checkpoint) => {
      if (checkpoint.taken?.length) commits.push(checkpoint.taken.length);
      commit(checkpoint);
    };
    const replaying = replayLetters(pipeline, {});
    await settle();
    expect(view.ledger()).toMatchObject({ replayed: LETTERS_AT_ONCE, balanced: true });
    await clock.advance(10);
    // What was refused again on the way is not taken again.
    expect(await replaying).toEqual({ replayed: count, refused_again: count, left: [] });
    expect(state.deadLetters.count).toBe(count);
    expect(commits).toEqual([LETTERS_AT_ONCE, LETTERS_AT_ONCE, 1]);
    expect(view.ledger()).toMatchObject({ received: count, replayed: count, balanced: true });
    await end();
  });
});

describe("replayLetters() of refused rows", () => {
  const steps = [batch(event(1, T - 60), event(2, T + 10))];

  test("gives a row to its sink again, which may take it or refuse it again", async () => {
    const refuse = { refuse: [{ index: 0, reason: "not today" }] };
    const service = start({ steps, writes: [refuse, refuse] });
    const { sink, view, end, state } = service;
    await settle();
    expect(state.deadLetters.count).toBe(1);
    const before = view.ledger();
    expect(await replay(service, { reason: "refused" })).toEqual({
      replayed: 1,
      refused_again: 0,
      left: [],
    });
    await settle();
    expect(state.deadLetters.list({ after: 0, limit: 5 })).toMatchObject([
      { seq: 2, reason: "refused", at: "sink main" },
    ]);
    await replay(service);
    await settle();
    expect(short(sink.rows.values())).toEqual([[T - 60, 1, 1, 0]]);
    expect(state.deadLetters.count).toBe(0);
    // A row is no event.
    expect(view.ledger()).toEqual(before);
    await end();
  });

  test("is durable in the outbox before the letter is gone", async () => {
    const refuse = { refuse: [{ index: 0, reason: "not today" }] };
    const away = { before: new TransientError("away") };
    const writes = [refuse, ...Array.from({ length: 50 }, () => away)];
    const first = start({ steps, writes });
    await settle();
    await replay(first);
    expect(first.state.deadLetters.count).toBe(0);
    first.state.close(); // and never confirmed
    const second = start({ dir: first.dir });
    await settle();
    expect(short(second.sink.rows.values())).toEqual([[T - 60, 1, 1, 0]]);
    await second.end();
  });
});

describe("replayLetters() and a crash", () => {
  const letters = [letterOf(event(1, T)), letterOf(event(2, T)), letterOf("nonsense")];

  test.each(["before", "after"] as const)(
    "that comes %s the checkpoint neither loses nor doubles a letter",
    async (when) => {
      const first = start({ letters });
      await settle();
      const commit = first.state.commit.bind(first.state);
      first.state.commit = (checkpoint) => {
        if (when === "after") commit(checkpoint);
        throw new Error("the process died");
      };
      await rejectionOf(replay(first));
      first.state.close();
      const service = start({ dir: first.dir });
      const { view, state, end } = service;
      const isDone = when === "after";
      expect(state.deadLetters.count).toBe(isDone ? 1 : 3);
      const done = { received: 3, aggregated: 2, invalid: 1, replayed: 3, balanced: true };
      if (isDone) expect(view.ledger()).toMatchObject(done);
      else {
        expect(view.ledger()).toMatchObject({ received: 0, replayed: 0, balanced: true });
        await replay(service);
        expect(view.ledger()).toMatchObject(done);
      }
      await end();
    },
  );

  test("on a full disk waits with all of its effect for the next checkpoint", async () => {
    const service = start({
      letters,
      steps: ["wait", batch(event(4, T))],
    });
    const { view, state, end, clock } = service;
    await settle();
    const commit = state.commit.bind(state);
    state.commit = () => {
      throw new TransientError("the disk is full");
    };
    const failure = await rejectionOf(replay(service));
    expect(failure).toBeInstanceOf(TransientError);
    expect(failure.message).toBe("the disk is full");
    expect(state.deadLetters.count).toBe(3);
    // Nothing is taken twice meanwhile.
    const again = await rejectionOf(replay(service));
    expect(again.message).toBe(
      "No checkpoint can be made: the disk is full; dead letters taken back so far: 0",
    );
    state.commit = commit;
    await clock.advance(20_000);
    expect(state.deadLetters.count).toBe(1);
    expect(view.ledger()).toMatchObject({
      received: 4,
      aggregated: 3,
      replayed: 3,
      balanced: true,
    });
    await end();
  });
});

describe("replayLetters() refuses", () => {
  test("while the outbox is full, and goes on when it is not", async () => {
    const gone = { before: new TransientError("away") };
    const service = start({
      steps: [batch(event(1, T - 60), event(2, T + 10))],
      writes: [gone],
      letters: [letterOf(event(1, T))],
      outboxBytesMax: 1,
    });
    const { state, end, clock } = service;
    await settle();
    expect((await rejectionOf(replay(service))).message).toContain("The outbox is full");
    expect(state.deadLetters.count).toBe(1);
    await clock.advance(20_000);
    expect(await replay(service)).toMatchObject({ replayed: 1 });
    await end();
  });

  test("when the input has ended, or the service has", async () => {
    const gone = { before: new TransientError("away", { retryAfterMs: 1_000 }) };
    const service = start({
      steps: [batch(event(1, T)), { kind: "end" }],
      writes: [gone],
      letters: [letterOf(event(1, T))],
    });
    const { pipeline, end, clock } = service;
    await settle();
    expect(pipeline.state).toBe("draining");
    const failure = await rejectionOf(replay(service));
    expect(failure.message).toContain("The input has ended");
    const other = start({ letters: [letterOf(event(1, T))] });
    await settle();
    await other.end();
    expect((await rejectionOf(replay(other))).message).toContain("The service is stopped");
    await clock.advance(2_000);
    await end();
  });
});
