import { describe, expect, test } from "bun:test";
import { globMatcher } from "../../src/core/glob.ts";
import { TAP_LOOKS_PER_SECOND_MAX, TAPS_MAX } from "../../src/core/limits.ts";
import type { EventBatch } from "../../src/core/source.ts";
import { EventTap } from "../../src/pipeline/event-tap.ts";
import type { TapFilter } from "../../src/pipeline/view.ts";
import { ruleOf } from "../support/settings.ts";

const ALL: TapFilter = { perSecond: 1000, events: true, refused: true };

function batchOf(lines: readonly string[]): EventBatch {
  const text = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  // What lies behind the length is no part of the batch.
  const bytes = new Uint8Array(text.length + 64).fill(123);
  bytes.set(text);
  return {
    partition: "0",
    bytes,
    length: text.length,
    cursor: "1",
    place: (line) => `line ${line + 1}`,
    pending: undefined,
    refusals: [],
    gap: undefined,
  };
}

function event(name: string, more: object = {}): string {
  return JSON.stringify({ name, value: 1, timestamp: 1, ...more });
}

function tapAt(ms = { now: 0 }): EventTap {
  return new EventTap(() => ms.now);
}

describe("EventTap", () => {
  test("shows events as they came, with their places, and passes over what is none", () => {
    const tap = tapAt();
    const open = tap.open(ALL)!;
    tap.look(batchOf([event("a", { labels: { x: "1" } }), "no event", "[1]", event("b")]), []);
    const { events, looked } = open.take();
    expect(events).toEqual([
      { at: "line 1", event: { name: "a", value: 1, timestamp: 1, labels: { x: "1" } } },
      { at: "line 4", event: { name: "b", value: 1, timestamp: 1 } },
    ]);
    expect(looked).toBe(4);
    expect(open.take().events).toEqual([]);
  });

  test("is open while somebody looks, and no longer", () => {
    const tap = tapAt();
    expect(tap.isOpen).toBe(false);
    const open = tap.open(ALL)!;
    expect(tap.isOpen).toBe(true);
    open.close();
    open.close();
    expect(tap.isOpen).toBe(false);
  });

  test("lets so many look and no more", () => {
    const tap = tapAt();
    const open = Array.from({ length: TAPS_MAX }, () => tap.open(ALL));
    expect(tap.open(ALL)).toBeUndefined();
    open[0]!.close();
    expect(tap.open(ALL)).toBeDefined();
  });

  test.each([
    ["name", { name: globMatcher("cpu.*") }, ["cpu.1"]],
    ["function", { aggFunc: "max" }, ["mem"]],
    ["sum, which is meant where none is named", { aggFunc: "sum" }, ["cpu.1", "disk"]],
    ["labels", { labels: new Map([["host", globMatcher("a*")]]) }, ["disk"]],
    ["the match of a rule", { rule: "r" }, ["cpu.1", "mem"]],
    ["the match of the rule that it merges", { rule: "merged" }, ["cpu.1", "mem"]],
    ["labels of a rule", { rule: "labelled" }, ["disk"]],
    ["a rule that is not there", { rule: "gone" }, []],
  ] as const)("filters by %s", (_, filter, names) => {
    const rules = [
      ruleOf({ name: "r", match: { name: ["cpu*", "mem"] } }),
      ruleOf({ name: "merged", from: "r" }),
      ruleOf({ name: "labelled", match: { labels: new Map([["host", ["b", "a?"]]]) } }),
    ];
    const tap = tapAt();
    const open = tap.open({ ...ALL, ...filter })!;
    const lines = [
      event("cpu.1"),
      event("mem", { agg_func: "max", labels: { host: "c" } }),
      event("disk", { labels: { host: "a1" } }),
    ];
    tap.look(batchOf(lines), rules);
    expect(open.take().events.map((one) => one.event["name"])).toEqual([...names]);
  });

  test("counts what is wanted beyond the rate, and goes on when time has passed", () => {
    const ms = { now: 0 };
    const tap = tapAt(ms);
    const open = tap.open({ ...ALL, perSecond: 8 })!;
    const lines = Array.from({ length: 10 }, (_, i) => event(`e${i}`));
    tap.look(batchOf(lines), []);
    const first = open.take();
    // A whole second's at once: somebody publishes a few by hand.
    expect(first.events.length).toBe(8);
    expect(first.dropped).toEqual({ events: 2, refused: 0 });
    ms.now = 125;
    tap.look(batchOf(lines), []);
    expect(open.take().events.length).toBe(1);
  });

  test("decodes a bounded number a second, whoever looks", () => {
    const ms = { now: 0 };
    const tap = tapAt(ms);
    const open = tap.open({ ...ALL, name: globMatcher("none") })!;
    const lines = Array.from({ length: TAP_LOOKS_PER_SECOND_MAX / 10 }, () => event("e"));
    let looked = 0;
    for (ms.now = 0; ms.now < 1000; ms.now += 10) {
      tap.look(batchOf(lines), []);
      looked += open.take().looked;
    }
    expect(looked).toBeLessThanOrEqual(TAP_LOOKS_PER_SECOND_MAX * 1.25);
    expect(looked).toBeGreaterThan(TAP_LOOKS_PER_SECOND_MAX * 0.9);
  });

  test("shows what is refused to who wants that", () => {
    const tap = tapAt();
    const all = tap.open(ALL)!;
    const none = tap.open({ ...ALL, refused: false })!;
    const named = tap.open({ ...ALL, name: globMatcher("a") })!;
    const late = { reason: "late", detail: "by 3 s", event: event("a"), at: "line 1" } as const;
    const broken = { reason: "invalid_json", detail: "no", event: "{", at: "line 2" } as const;
    tap.refuse(late);
    tap.refuse(broken);
    expect(all.take().refused).toEqual([late, broken]);
    expect(none.take().refused).toEqual([]);
    expect(named.take().refused).toEqual([late]);
  });
});
