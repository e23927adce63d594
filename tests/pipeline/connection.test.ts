import { describe, expect, test } from "bun:test";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { CALL_MS_MAX, CLOSE_MS_MAX, OPEN_MS_MAX } from "../../src/core/limits.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import { Connection } from "../../src/pipeline/connection.ts";
import { rejectionOf } from "../support/rejection.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

/** A resource that is opened by a script: an error fails the opening. Each one has its number. */
function connectionBy(script: readonly ("ok" | Error)[] = []) {
  const left = [...script];
  const clock = new VirtualClock();
  const told: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    info: (message) => void told.push(`info ${message}`),
    warn: (message) => void told.push(`warn ${message}`),
  };
  let opened = 0;
  const closed: number[] = [];
  let backs = 0;
  const connection = new Connection({
    label: "sink a",
    async open() {
      const step = left.shift() ?? "ok";
      if (step !== "ok") throw step;
      const number = ++opened;
      return { number, close: async () => void closed.push(number) };
    },
    onConnected: () => void backs++,
    clock,
    logger,
    random: () => 1,
  });
  return { connection, clock, told, closed, backs: () => backs };
}

const signal = new AbortController().signal;
const gone = new TransientError("gone");

describe("Connection.use()", () => {
  test("opens once and goes on with what is open", async () => {
    const { connection, told, closed } = connectionBy();
    const numbers = [
      await connection.use(async ({ number }) => number, signal),
      await connection.use(async ({ number }) => number, signal),
    ];
    expect(numbers).toEqual([1, 1]);
    expect(closed).toEqual([]);
    expect(told).toEqual([]);
    expect(connection).toMatchObject({ isOpen: true, wasOpen: true, errors: 0, breaker: "closed" });
  });

  test("closes what failed, waits, and does the work again from the start with a fresh one", async () => {
    const { connection, clock, told, closed, backs } = connectionBy(["ok", gone]);
    const seen: number[] = [];
    const using = connection.use(async ({ number }) => {
      seen.push(number);
      if (number === 1) throw gone;
      return "done";
    }, signal);
    await settle();
    expect(closed).toEqual([1]);
    expect(connection).toMatchObject({ isOpen: false, wasOpen: true, errors: 1 });
    expect(connection.problem).toBe("gone, next try in 1 s");
    await clock.advance(199);
    expect(connection.errors).toBe(1);
    await clock.advance(1); // the opening fails now: 400 ms more
    expect(connection.errors).toBe(2);
    await clock.advance(400);
    expect(await using).toBe("done");
    expect(seen).toEqual([1, 2]);
    expect(connection).toMatchObject({ isOpen: true, breaker: "closed", problem: undefined });
    expect(told).toEqual([
      "warn The sink a is away; it is tried again.",
      "info The sink a is back.",
    ]);
    expect(backs()).toBe(1);
  });

  test("begins with the short pause again after it worked", async () => {
    const { connection, clock } = connectionBy([gone, gone, "ok", gone]);
    const first = connection.use(async () => {}, signal);
    await clock.advance(600);
    await first;
    let failures = 1;
    const second = connection.use(async () => {
      if (failures-- > 0) throw gone;
    }, signal);
    await clock.advance(200);
    expect(connection.errors).toBe(4); // the work, and the opening 200 ms later
    await clock.advance(400);
    await second;
  });

  test("goes by its breaker: open after three failures, half-open while it tries", async () => {
    const { connection, clock, told } = connectionBy([gone, gone, gone, gone]);
    const going = Promise.withResolvers<void>();
    const using = connection.use(() => going.promise, signal);
    await settle();
    expect(connection.breaker).toBe("closed");
    await clock.advance(200 + 400);
    expect(connection.breaker).toBe("open");
    expect(connection.problem).toBe("gone, next try in 1 s");
    await clock.advance(800 + 1_600);
    expect(connection.breaker).toBe("half-open");
    expect(connection.problem).toBe("gone, trying again");
    going.resolve();
    await using;
    expect(connection.breaker).toBe("closed");
    expect(told).toEqual([
      "warn The sink a is away; it is tried again.",
      "warn The sink a stays away; its circuit breaker is open.",
      "info The sink a is back.",
    ]);
  });

  test("gives up a call that is never answered, and does it again with a fresh resource", async () => {
    const { connection, clock, closed } = connectionBy();
    const using = connection.use(async ({ number }) => {
      if (number === 1) await new Promise(() => {});
      return number;
    }, signal);
    await clock.advance(CALL_MS_MAX - 1);
    expect(connection.problem).toBeUndefined();
    await clock.advance(1);
    expect(connection.problem).toBe(
      "Cannot use the sink a: no answer within 600 s, next try in 1 s",
    );
    await clock.advance(200);
    expect(await using).toBe(2);
    expect(closed).toEqual([1]);
    expect(clock.sleeping).toBe(0);
  });

  test("gives up an opening that never ends, and closes what comes of it too late", async () => {
    const clock = new VirtualClock();
    const first = Promise.withResolvers<{ close(): Promise<void> }>();
    const signals: AbortSignal[] = [];
    let closed = 0;
    const resource = { close: async () => void closed++ };
    const connection = new Connection({
      label: "source",
      open: (limit) => (signals.push(limit) === 1 ? first.promise : Promise.resolve(resource)),
      clock,
      logger: silentLogger,
      random: () => 1,
    });
    const using = connection.use(async () => "done", signal);
    await clock.advance(OPEN_MS_MAX);
    expect(connection.errors).toBe(1);
    expect(signals[0]!.aborted).toBe(true);
    await clock.advance(200);
    expect(await using).toBe("done");
    expect(closed).toBe(0);
    first.resolve(resource);
    await settle();
    expect(closed).toBe(1);
  });

  test("rejects with what cannot be mended, names the part, and closes it", async () => {
    const { connection, closed } = connectionBy();
    const fatal = new FatalError("no column value");
    const failure = await rejectionOf(connection.use(() => Promise.reject(fatal), signal));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toBe("sink a: no column value");
    expect(failure.cause).toBe(fatal);
    const broken = new RangeError("a bug");
    expect(await rejectionOf(connection.use(() => Promise.reject(broken), signal))).toBe(broken);
    expect(closed).toEqual([1, 2]);
    expect(connection.errors).toBe(0);
  });

  test("gives undefined when it is stopped, in a pause or before it began", async () => {
    const { connection, clock } = connectionBy([gone]);
    const stop = new AbortController();
    let worked = 0;
    const work = async (): Promise<number> => ++worked;
    const using = connection.use(work, stop.signal);
    await settle();
    expect(clock.sleeping).toBe(1);
    stop.abort();
    expect(await using).toBeUndefined();
    expect(await connection.use(work, stop.signal)).toBeUndefined();
    expect(worked).toBe(0);
  });
});

test("Connection.close() waits for no resource that does not close", async () => {
  const clock = new VirtualClock();
  const connection = new Connection({
    label: "source",
    open: async () => ({ close: () => new Promise(() => {}) }),
    clock,
    logger: silentLogger,
    random: () => 1,
  });
  await connection.use(async () => {}, signal);
  const closing = connection.close();
  await clock.advance(CLOSE_MS_MAX);
  await closing;
  expect(connection.isOpen).toBe(false);
});

test("Connection.close() may be called twice, and hides that closing failed", async () => {
  let closings = 0;
  const connection = new Connection({
    label: "source",
    open: async () => ({
      close: () => {
        closings++;
        return Promise.reject(new Error("broken pipe"));
      },
    }),
    clock: new VirtualClock(),
    logger: silentLogger,
    random: () => 1,
  });
  await connection.use(async () => {}, signal);
  await connection.close();
  await connection.close();
  expect(closings).toBe(1);
  expect(connection.isOpen).toBe(false);
});
