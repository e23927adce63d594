import { describe, expect, test } from "bun:test";
import { OutboxAge } from "../../../src/pipeline/metrics/outbox-age.ts";

describe("OutboxAge", () => {
  test("is that of the oldest row that the sink has not taken", () => {
    const age = new OutboxAge();
    expect(age.ageMs(1_000)).toBe(0);
    age.stored(10, 1_000);
    age.stored(10, 1_500); // nothing new
    age.stored(25, 2_000);
    expect(age.ageMs(4_000)).toBe(3_000);
    age.confirmed(9);
    expect(age.ageMs(4_000)).toBe(3_000);
    age.confirmed(10);
    expect(age.ageMs(4_000)).toBe(2_000);
    age.confirmed(25);
    expect(age.ageMs(4_000)).toBe(0);
    age.stored(26, 5_000);
    expect(age.ageMs(5_500)).toBe(500);
  });

  test("of a long outage it remembers a bounded number of moments, and never tells less than it is", () => {
    const age = new OutboxAge();
    for (let i = 1; i <= 100_000; i++) age.stored(i, i);
    for (let confirmed = 0; confirmed < 100_000; confirmed += 997) {
      age.confirmed(confirmed);
      const real = 100_000 - (confirmed + 1);
      expect(age.ageMs(100_000)).toBeGreaterThanOrEqual(real);
    }
    // The whole span is still told apart in many steps.
    age.confirmed(50_000);
    expect(age.ageMs(100_000)).toBeLessThan(51_000);
  });
});
