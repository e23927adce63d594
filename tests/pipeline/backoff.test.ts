import { describe, expect, test } from "bun:test";
import { TransientError } from "../../src/core/errors.ts";
import { Backoff } from "../../src/pipeline/backoff.ts";

const gone = new TransientError("gone");

describe("Backoff.afterMs()", () => {
  test("doubles from 200 ms and stays at 10 s", () => {
    const backoff = new Backoff(() => 1);
    const pauses = Array.from({ length: 9 }, () => backoff.afterMs(gone));
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
  });

  test("spreads the whole pause, down to nothing", () => {
    const numbers = [0, 0.25, 0.5];
    const backoff = new Backoff(() => numbers.shift()!);
    expect([1, 2, 3].map(() => backoff.afterMs(gone))).toEqual([0, 100, 400]);
  });

  test("waits at least as long as the other side asks, and no shorter than its own pause", () => {
    const backoff = new Backoff(() => 1);
    const asked = (retryAfterMs: number) => new TransientError("status 429", { retryAfterMs });
    expect(backoff.afterMs(asked(60_000))).toBe(60_000);
    expect(backoff.afterMs(asked(1))).toBe(400);
    expect(backoff.afterMs(new Error("of another kind"))).toBe(800);
  });
});

test("Backoff.reset() makes the next pause a short one", () => {
  const backoff = new Backoff(() => 1);
  for (let i = 0; i < 5; i++) backoff.afterMs(gone);
  backoff.reset();
  expect([backoff.afterMs(gone), backoff.afterMs(gone)]).toEqual([200, 400]);
});
