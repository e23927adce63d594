import { describe, expect, test } from "bun:test";
import { TransientError } from "../../../src/core/errors.ts";
import { realClock } from "../../../src/pipeline/real-clock.ts";
import { within } from "../../../src/sinks/support/deadline.ts";
import { rejectionOf } from "../../support/rejection.ts";

const never = new Promise<never>(() => {});
const base = { action: "Cannot write", ms: 60_000, clock: realClock };

describe("within()", () => {
  test("gives what the work gives, or throws what it throws", async () => {
    const { signal } = new AbortController();
    expect(await within(Promise.resolve(7), { ...base, signal })).toBe(7);
    const failure = new Error("no");
    expect(await rejectionOf(within(Promise.reject(failure), { ...base, signal }))).toBe(failure);
  });

  test("ends work that takes too long", async () => {
    const { signal } = new AbortController();
    const failure = await rejectionOf(within(never, { ...base, ms: 5, signal }));
    expect(failure).toBeInstanceOf(TransientError);
    expect(failure.message).toBe("Cannot write: no answer within 0.005 s");
  });

  test("ends work that is stopped, before or in the middle of it", async () => {
    const stop = new AbortController();
    const failure = rejectionOf(within(never, { ...base, signal: stop.signal }));
    stop.abort();
    expect((await failure).message).toBe("Cannot write: it was stopped");
    const again = await rejectionOf(within(never, { ...base, signal: stop.signal }));
    expect(again).toBeInstanceOf(TransientError);
  });

  test("keeps nothing of a signal that outlives the work", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const watched = new Proxy(signal, {
      get(target, key) {
        if (key === "addEventListener") listeners++;
        if (key === "removeEventListener") listeners--;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await within(Promise.resolve(), { ...base, signal: watched });
    expect(listeners).toBe(0);
  });
});
