import { describe, expect, test } from "bun:test";
import { Bell } from "../../src/pipeline/bell.ts";
import { livePromises } from "../support/live-promises.ts";
import { rejectionOf } from "../support/rejection.ts";

const never = new Promise<never>(() => {});

describe("Bell", () => {
  test("gives what the work gives, or undefined when it rings first", async () => {
    const bell = new Bell();
    expect(await bell.orRung(Promise.resolve(7))).toBe(7);
    const failing = bell.orRung(Promise.reject(new Error("it failed")));
    expect((await rejectionOf(failing)).message).toBe("it failed");
    const waiting = [bell.orRung(never), bell.orRung(never)];
    bell.ring();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });

  test("does not wake who comes after it rang", async () => {
    const bell = new Bell();
    bell.ring();
    let woken = false;
    const waiting = bell.orRung(never).then(() => {
      woken = true;
    });
    await Bun.sleep(0);
    expect(woken).toBe(false);
    bell.ring();
    await waiting;
  });

  test("keeps nothing of those who have left", async () => {
    const bell = new Bell();
    const before = livePromises();
    for (let i = 0; i < 5_000; i++) await bell.orRung(Promise.resolve(i));
    expect(livePromises() - before).toBeLessThan(500);
    bell.ring();
  });
});
