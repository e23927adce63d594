import { describe, expect, test } from "bun:test";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import { Watermark } from "../../src/engine/watermark.ts";

const SECOND = 1_000_000;
const at = (seconds: number) => epochMicros(seconds * SECOND);
const NO_LIMIT = epochMicros(Infinity);

/** A watermark in seconds, with an idle timeout of 10 s and 5 s of disorder. */
function start(options: { outOfOrderness?: number; idleTimeoutMs?: number } = {}): Watermark {
  const { outOfOrderness = 5, idleTimeoutMs = 10_000 } = options;
  return new Watermark({
    outOfOrderness: durationMicros(outOfOrderness * SECOND),
    idleTimeoutMs,
    nowMs: 0,
  });
}

describe("Watermark.advance()", () => {
  test("stays behind the newest event and never falls", () => {
    const watermark = start();
    expect(watermark.advance()).toBe(epochMicros(-Infinity));
    watermark.arrived("0", at(100), 0);
    expect(watermark.advance()).toBe(at(95));
    watermark.arrived("0", at(50), 0);
    expect(watermark.advance()).toBe(at(95));
    expect(watermark.newestOf("0")).toBe(at(100));
  });

  test("is the minimum over the partitions, one of no name too", () => {
    const watermark = start();
    watermark.arrived("", at(100), 0);
    watermark.arrived("1", at(60), 0);
    expect(watermark.advance()).toBe(at(55));
    watermark.arrived("1", at(200), 0);
    expect(watermark.advance()).toBe(at(95));
  });

  test("waits for a partition that was opened and has had no event", () => {
    const watermark = start();
    watermark.open("1");
    watermark.arrived("0", at(100), 0);
    expect(watermark.advance()).toBe(epochMicros(-Infinity));
    expect(watermark.neededFor(at(0), watermark.othersOf("0"))).toBe(NO_LIMIT);
  });
});

describe("Watermark.neededFor()", () => {
  test("gives the event time that lifts the watermark to a target, where the others allow it", () => {
    const watermark = start();
    watermark.arrived("0", at(100), 0);
    watermark.arrived("1", at(70), 0);
    expect(watermark.othersOf("0")).toBe(at(65));
    expect(watermark.neededFor(at(65), at(65))).toBe(at(70));
    expect(watermark.neededFor(at(66), at(65))).toBe(NO_LIMIT);
    expect(watermark.othersOf("1")).toBe(at(95));
    expect(watermark.othersOf()).toBe(at(65));
  });
});

describe("Watermark.idle()", () => {
  test("leaves a quiet partition out, from exactly the timeout on", () => {
    const watermark = start();
    watermark.arrived("0", at(1_000), 0);
    watermark.arrived("1", at(60), 0);
    expect(watermark.advance()).toBe(at(55));
    watermark.arrived("0", at(1_001), 9_000);
    expect(watermark.idle(9_999, NO_LIMIT)).toBe(at(55));
    expect(watermark.idle(10_000, NO_LIMIT)).toBe(at(996));
  });

  test("lets partitions go idle one by one, and the last ones at the pace of the clock", () => {
    const watermark = start();
    watermark.arrived("a", at(100), 0);
    watermark.arrived("b", at(200), 4_000);
    watermark.arrived("c", at(300), 8_000);
    expect(watermark.idle(10_000, NO_LIMIT)).toBe(at(195));
    expect(watermark.idle(14_000, NO_LIMIT)).toBe(at(295));
    // c has been quiet for 10 s: event time went on to 310.
    expect(watermark.idle(18_000, NO_LIMIT)).toBe(at(305));
    expect(watermark.idle(18_000.5, NO_LIMIT)).toBe(at(305.0005));
  });

  test("goes on from whichever partition is furthest by the clock", () => {
    const watermark = start();
    watermark.arrived("a", at(100), 0);
    watermark.arrived("b", at(101), 10_000);
    expect(watermark.idle(20_000, NO_LIMIT)).toBe(at(115)); // a: 100 + 20, b: 101 + 10
  });

  test("goes no further than the limit, and not back to it", () => {
    const watermark = start();
    watermark.arrived("0", at(100), 0);
    watermark.advance();
    expect(watermark.idle(60_000, at(120))).toBe(at(120));
    expect(watermark.idle(90_000, at(110))).toBe(at(120));
    expect(watermark.idle(90_000, epochMicros(-Infinity))).toBe(at(120));
  });

  test("does not move while no partition has had an event", () => {
    const watermark = start();
    expect(watermark.idle(60_000, NO_LIMIT)).toBe(epochMicros(-Infinity));
    watermark.open("0");
    expect(watermark.idle(90_000, NO_LIMIT)).toBe(epochMicros(-Infinity));
  });

  test("is off with an infinite timeout", () => {
    const watermark = start({ idleTimeoutMs: Infinity });
    watermark.arrived("0", at(100), 0);
    watermark.advance();
    expect(watermark.idle(1e12, NO_LIMIT)).toBe(at(95));
  });

  test("counts a partition that is opened late from its opening", () => {
    const watermark = start();
    watermark.arrived("0", at(100), 0);
    watermark.tick(60_000);
    watermark.open("1");
    watermark.arrived("0", at(160), 60_000);
    expect(watermark.idle(69_999, NO_LIMIT)).toBe(epochMicros(-Infinity));
    expect(watermark.idle(70_000, at(160))).toBe(at(160));
  });

  test("waits for a quiet partition of which something is left to read", () => {
    const watermark = start();
    watermark.arrived("0", at(1_000), 0);
    watermark.arrived("1", at(60), 0);
    watermark.advance();
    expect(watermark.idle(60_000, NO_LIMIT, [])).toBe(at(55));
    expect(watermark.idle(60_000, NO_LIMIT, ["0"])).toBe(at(55));
    expect(watermark.idle(60_000, at(900), ["1"])).toBe(at(995));
    // It has something again: event time does not go on by the clock without it.
    expect(watermark.idle(90_000, NO_LIMIT, ["0"])).toBe(at(995));
    expect(watermark.idle(90_000, NO_LIMIT, ["0", "1"])).toBe(at(1_085));
  });

  test("takes a partition in again when it wakes, without falling back", () => {
    const watermark = start();
    watermark.arrived("0", at(1_000), 0);
    watermark.arrived("1", at(60), 0);
    watermark.arrived("0", at(1_010), 10_000);
    expect(watermark.idle(10_000, NO_LIMIT)).toBe(at(1_005));
    expect([watermark.isIdle("0"), watermark.isIdle("1"), watermark.isIdle("2")]).toEqual([
      false,
      true,
      false,
    ]);
    watermark.arrived("1", at(70), 11_000);
    expect(watermark.isIdle("1")).toBe(false);
    watermark.arrived("0", at(2_000), 11_000);
    expect(watermark.advance()).toBe(at(1_005));
  });
});

describe("Watermark.aheadBy()", () => {
  const minute = durationMicros(60 * SECOND);

  test("names the partitions beyond the skew, never the one that holds the watermark back", () => {
    const watermark = start({ outOfOrderness: 3_600 });
    watermark.arrived("0", at(100), 0);
    watermark.arrived("1", at(160), 0);
    watermark.arrived("2", at(161), 0);
    watermark.advance();
    expect(watermark.aheadBy(minute)).toEqual(["2"]);
    watermark.arrived("0", at(101), 0);
    watermark.advance();
    expect(watermark.aheadBy(minute)).toEqual([]);
  });

  test("counts from the first event while a partition without any holds the watermark", () => {
    const watermark = start();
    watermark.open("1");
    expect(watermark.aheadBy(minute)).toEqual([]);
    watermark.arrived("0", at(100), 0);
    watermark.arrived("0", at(160), 0);
    watermark.advance();
    expect(watermark.aheadBy(minute)).toEqual([]);
    watermark.arrived("0", at(161), 0);
    expect(watermark.aheadBy(minute)).toEqual(["0"]);
  });
});

describe("Watermark.arrived() of what came back", () => {
  test("raises nothing and holds nothing back while some partition has events", () => {
    const watermark = start();
    watermark.arrived("0", at(100), 0);
    watermark.advance();
    watermark.arrived(undefined, at(500), 0);
    watermark.arrived(undefined, at(7), 0);
    expect(watermark.advance()).toBe(at(95));
    expect(watermark.newest).toBe(at(500));
    watermark.arrived("0", at(101), 0);
    expect(watermark.advance()).toBe(at(96));
  });

  test("wakes no partition that is idle", () => {
    const watermark = start();
    watermark.arrived("0", at(1_000), 0);
    watermark.arrived("1", at(60), 0);
    watermark.arrived("0", at(1_001), 9_000);
    watermark.idle(10_000, NO_LIMIT);
    watermark.arrived(undefined, at(30), 10_000);
    expect(watermark.isIdle("1")).toBe(true);
    watermark.arrived("0", at(1_002), 10_001);
    expect(watermark.advance()).toBe(at(997));
  });

  test("lets event time go on from them when all is quiet, they too", () => {
    const watermark = start();
    watermark.arrived(undefined, at(100), 0);
    expect(watermark.idle(9_999, NO_LIMIT)).toBe(epochMicros(-Infinity));
    expect(watermark.idle(10_000, at(104))).toBe(at(104));
    expect(watermark.idle(10_000, NO_LIMIT)).toBe(at(105));
  });

  test("has the clock alone make none late that comes back after others", () => {
    const watermark = start();
    watermark.arrived("0", at(100), 0);
    expect(watermark.idle(60_000, at(120))).toBe(at(120));
    watermark.arrived(undefined, at(150), 60_000);
    expect(watermark.idle(69_999, at(180))).toBe(at(120));
    expect(watermark.idle(70_000, at(150))).toBe(at(150));
  });

  test("is remembered over a restart", () => {
    const watermark = start();
    watermark.arrived(undefined, at(100), 0);
    const again = start();
    again.restore(watermark.stored());
    expect(again.newest).toBe(at(100));
    expect(again.idle(20_000, NO_LIMIT)).toBe(at(115));
  });
});

describe("Watermark.restartIdle()", () => {
  test("does not count the time of an outage", () => {
    const watermark = start();
    watermark.arrived("0", at(100), 0);
    watermark.advance();
    watermark.restartIdle(3_600_000);
    expect(watermark.idle(3_609_999, NO_LIMIT)).toBe(at(95));
    expect(watermark.idle(3_610_000, NO_LIMIT)).toBe(at(105));
  });

  test("waits again for partitions that were idle before: they may have a backlog", () => {
    const watermark = start();
    watermark.arrived("0", at(100), 0);
    watermark.arrived("1", at(100), 0);
    watermark.arrived("0", at(110), 10_000);
    expect(watermark.idle(10_000, NO_LIMIT)).toBe(at(105));
    watermark.restartIdle(600_000);
    watermark.arrived("0", at(700), 600_000);
    expect(watermark.advance()).toBe(at(105));
    watermark.arrived("1", at(500), 600_000);
    expect(watermark.advance()).toBe(at(495));
  });
});

test("Watermark.restore() waits for partitions that were idle: they may have a backlog by now", () => {
  const before = start();
  before.arrived("0", at(100), 0);
  before.arrived("1", at(100), 0);
  before.arrived("0", at(110), 10_000);
  expect(before.idle(10_000, NO_LIMIT)).toBe(at(105));
  const watermark = start();
  watermark.restore(before.stored());
  watermark.arrived("0", at(700), 0);
  expect(watermark.advance()).toBe(at(105));
});

test("Watermark.wake() waits for a partition that has a backlog, however quiet it was", () => {
  const watermark = start();
  watermark.arrived("0", at(100), 0);
  watermark.arrived("1", at(100), 0);
  watermark.arrived("0", at(110), 10_000);
  expect(watermark.idle(10_000, NO_LIMIT)).toBe(at(105));
  watermark.wake(["1"]);
  watermark.arrived("0", at(700), 10_001);
  expect(watermark.advance()).toBe(at(105));
});

test("Watermark.finish() lets every window fire", () => {
  const watermark = start();
  watermark.arrived("0", at(100), 0);
  expect(watermark.finish()).toBe(epochMicros(Infinity));
  expect(watermark.advance()).toBe(epochMicros(Infinity));
});
