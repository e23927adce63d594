import { describe, expect, test } from "bun:test";
import { TransientError } from "../../src/core/errors.ts";
import { Breaker } from "../../src/pipeline/breaker.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const gone = new TransientError("gone");
const { signal } = new AbortController();

/** A breaker whose pauses are as long as they can be: 200 ms, 400 ms, 800 ms, … */
function breakerOf(failures = 3) {
  const clock = new VirtualClock();
  const changes: string[] = [];
  const onChange = (state: string): void => void changes.push(state);
  const breaker = new Breaker({ clock, random: () => 1, failures, onChange });
  return { breaker, clock, changes };
}

/** One that has just opened, by its first failure. */
function openBreaker() {
  const parts = breakerOf(1);
  parts.breaker.failed(gone);
  expect(parts.breaker.state).toBe("open");
  return parts;
}

describe("Breaker", () => {
  test("opens after so many failures in a row, with a longer pause after each", async () => {
    const { breaker, clock, changes } = breakerOf(3);
    const pauses: number[] = [];
    for (const state of ["closed", "closed", "open"] as const) {
      expect(breaker.admitNow()).toBe(true);
      pauses.push(breaker.failed(gone));
      expect(breaker.state).toBe(state);
      expect(breaker.admitNow()).toBe(false);
      if (state === "closed") await clock.advance(pauses.at(-1)!);
    }
    expect(pauses).toEqual([200, 400, 800]);
    expect(changes).toEqual(["open"]);
  });

  test("counts anew, and pauses shortly, after a success", async () => {
    const { breaker, clock } = breakerOf(2);
    breaker.failed(gone);
    await clock.advance(200);
    breaker.succeeded();
    expect(breaker.failed(gone)).toBe(200);
    expect(breaker.state).toBe("closed");
  });

  test("opens at once when it is asked for patience, and waits for as long", async () => {
    const { breaker, clock } = breakerOf(3);
    expect(breaker.failed(new TransientError("status 429", { retryAfterMs: 60_000 }))).toBe(60_000);
    expect(breaker.state).toBe("open");
    await clock.advance(59_999);
    expect(breaker.admitNow()).toBe(false);
    await clock.advance(1);
    expect(breaker.admitNow()).toBe(true);
  });

  test("lets one call through when it is half-open, and no other until that is back", async () => {
    const { breaker, clock, changes } = openBreaker();
    const admitted: number[] = [];
    const callers = [1, 2, 3].map(async (number) => {
      if (await breaker.admit(signal)) admitted.push(number);
    });
    await clock.advance(199);
    expect(admitted).toEqual([]);
    await clock.advance(1);
    expect(admitted).toEqual([1]);
    expect(breaker.state).toBe("half-open");
    expect(breaker.admitNow()).toBe(false);
    await clock.advance(3_600_000);
    expect(admitted).toEqual([1]);
    breaker.failed(gone);
    expect(breaker.state).toBe("open");
    await clock.advance(399);
    expect(admitted).toEqual([1]);
    await clock.advance(1);
    expect(admitted).toEqual([1, 2]);
    breaker.succeeded();
    await settle();
    expect(admitted).toEqual([1, 2, 3]);
    await Promise.all(callers);
    expect(changes).toEqual(["open", "half-open", "open", "half-open", "closed"]);
  });

  test("lets the next one try at once when the one that tried was given up", async () => {
    const { breaker, clock } = openBreaker();
    await clock.advance(200);
    expect(breaker.admitNow()).toBe(true);
    breaker.abandoned();
    expect(breaker.state).toBe("open");
    expect(breaker.admitNow()).toBe(true);
    expect(breaker.state).toBe("half-open");
  });

  test("lets nobody through who was stopped, in a pause or while another one tries", async () => {
    const { breaker, clock } = openBreaker();
    const stops = [new AbortController(), new AbortController()];
    const pausing = breaker.admit(stops[0]!.signal);
    stops[0]!.abort();
    expect(await pausing).toBe(false);
    await clock.advance(200);
    expect(breaker.admitNow()).toBe(true);
    const waiting = breaker.admit(stops[1]!.signal);
    stops[1]!.abort();
    expect(await waiting).toBe(false);
    expect(clock.sleeping).toBe(0);
    expect(breaker.state).toBe("half-open");
  });

  test("does not go by the wall clock", async () => {
    const { breaker, clock } = openBreaker();
    clock.jumpWall(86_400);
    expect(breaker.admitNow()).toBe(false);
    clock.jumpWall(-2 * 86_400);
    await clock.advance(200);
    expect(breaker.admitNow()).toBe(true);
  });
});
