import { beforeEach, describe, expect, test } from "bun:test";
import {
  ATTEMPT_CLIENTS_MAX,
  ATTEMPT_EVERY_MS,
  ATTEMPTS_AT_ONCE,
  ATTEMPTS_WAITING_MAX,
} from "../../../src/core/limits.ts";
import { type LogFields, silentLogger } from "../../../src/core/logger.ts";
import { Attempts } from "../../../src/status/access/attempts.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

let clock: VirtualClock;
let attempts: Attempts;
let said: LogFields[];

beforeEach(() => {
  clock = new VirtualClock();
  said = [];
  attempts = new Attempts(clock, {
    ...silentLogger,
    warn: (_, fields) => void said.push(fields ?? {}),
  });
});

const fail = (client: string, times: number): void => {
  for (let i = 0; i < times; i++) attempts.failed(client);
};

describe("Attempts", () => {
  test("some wrong tokens are answered at once, then one each so often", async () => {
    for (let i = 0; i < ATTEMPTS_AT_ONCE; i++) {
      expect(attempts.turn("a", "key")).toBeUndefined();
      attempts.failed("a");
    }
    let isDone = false;
    const turn = attempts.turn("a", "key")!.then((stayAway) => {
      isDone = true;
      return stayAway;
    });
    await clock.advance(ATTEMPT_EVERY_MS - 1);
    expect(isDone).toBe(false);
    await clock.advance(1);
    expect(await turn).toBeUndefined();
    attempts.failed("a");
    // In a minute no more than that.
    let turns = 0;
    const endMs = clock.monotonicMs() + 60_000;
    while (clock.monotonicMs() < endMs) {
      const next = attempts.turn("a", "key");
      if (next !== undefined) {
        await clock.advance(ATTEMPT_EVERY_MS);
        await next;
      }
      attempts.failed("a");
      turns++;
    }
    expect(turns).toBeLessThanOrEqual(60_000 / ATTEMPT_EVERY_MS + 1);
  });

  test("asking many times at once gains nothing: each has its turn, too many are sent away", async () => {
    fail("a", ATTEMPTS_AT_ONCE);
    const done: number[] = [];
    const turns = Array.from({ length: ATTEMPTS_WAITING_MAX }, () =>
      attempts.turn("a", "key")!.then(() => done.push(clock.monotonicMs())),
    );
    const stayAwayMs = await attempts.turn("a", "key");
    expect(stayAwayMs).toBe((ATTEMPTS_WAITING_MAX + 1) * ATTEMPT_EVERY_MS);
    await clock.advance(60_000);
    await Promise.all(turns);
    expect(done).toEqual(turns.map((_, i) => (i + 1) * ATTEMPT_EVERY_MS));
  });

  test("one client does not slow another, nor who is known behind the same address", () => {
    attempts.succeeded("proxy", "right");
    fail("proxy", 1_000);
    expect(attempts.turn("elsewhere", "right")).toBeUndefined();
    expect(attempts.turn("proxy", "right")).toBeUndefined();
    expect(attempts.turn("proxy", "guess")).toBeDefined();
  });

  test("is as before after a while", async () => {
    fail("a", ATTEMPTS_AT_ONCE);
    await clock.advance(ATTEMPTS_AT_ONCE * ATTEMPT_EVERY_MS);
    for (let i = 0; i < ATTEMPTS_AT_ONCE; i++) {
      expect(attempts.turn("a", "key")).toBeUndefined();
      attempts.failed("a");
    }
    expect(attempts.turn("a", "key")).toBeDefined();
  });

  test("remembers no more clients than it may: who was quiet longest is forgotten", () => {
    fail("quiet", ATTEMPTS_AT_ONCE);
    fail("loud", ATTEMPTS_AT_ONCE);
    for (let i = 0; i < ATTEMPT_CLIENTS_MAX; i++) {
      attempts.failed(`client ${i}`);
      if (i % 1000 === 0) attempts.failed("loud");
    }
    expect(attempts.clientCount).toBe(ATTEMPT_CLIENTS_MAX);
    expect(attempts.turn("quiet", "key")).toBeUndefined();
    expect(attempts.turn("loud", "key")).toBeDefined();
  });

  test("counts each, and logs a line each ten seconds at most", async () => {
    fail("a", 500);
    await clock.advance(10_000);
    fail("b", 1);
    expect(attempts.failures).toBe(501);
    expect(said).toEqual([
      { client: "a", since_last_said: 1, since_start: 1 },
      { client: "b", since_last_said: 500, since_start: 501 },
    ]);
  });
});
