import { expect, test } from "bun:test";
import { PageCollector, StoredPages } from "../../src/core/stored.ts";
import { epochMicros as at, durationMicros } from "../../src/core/time.ts";
import { SeenIds } from "../../src/engine/seen-ids.ts";

test("SeenIds.has() remembers until the watermark has passed the event by `for`", () => {
  const seen = new SeenIds({ for: durationMicros(10), idsMax: 5 });
  seen.add("x", at(100), at(-Infinity));
  expect([seen.has("x", at(109)), seen.has("x", at(110)), seen.has("y", at(0))]).toEqual([
    true,
    false,
    false,
  ]);
});

test("SeenIds.add() lets go of what has expired, and of the oldest beyond the bound", () => {
  const seen = new SeenIds({ for: durationMicros(10), idsMax: 2 });
  seen.add("old", at(0), at(0));
  seen.add("a", at(100), at(100));
  expect([seen.size, seen.evicted]).toEqual([1, 0]);
  seen.add("b", at(100), at(100));
  seen.add("c", at(100), at(100));
  expect([seen.size, seen.evicted, seen.has("a", at(100))]).toEqual([2, 1, false]);
});

test("SeenIds.add() puts an id that expired and came back at the end of the order", () => {
  const seen = new SeenIds({ for: durationMicros(10), idsMax: 2 });
  seen.add("keep", at(200), at(0));
  seen.add("again", at(0), at(0));
  seen.add("again", at(200), at(100));
  seen.add("new", at(200), at(100));
  expect([seen.has("keep", at(100)), seen.has("again", at(100))]).toEqual([false, true]);
});

test("SeenIds stays within its bound whatever comes", () => {
  const seen = new SeenIds({ for: durationMicros(1e9), idsMax: 100 });
  for (let i = 0; i < 1_000; i++) seen.add(`${i}`, at(i), at(i));
  expect([seen.size, seen.evicted]).toEqual([100, 900]);
});

test("SeenIds.restore() brings back no id that was forgotten, and counts none of them twice", () => {
  const settings = { for: durationMicros(1e9), idsMax: 2 };
  const seen = new SeenIds(settings);
  for (const id of ["a", "b", "c"]) seen.add(id, at(1), at(1));
  const pages = new PageCollector();
  seen.changes(at(1), pages); // one page, of which "a" is forgotten
  const again = new SeenIds(settings);
  again.evicted = seen.evicted;
  again.restore(new StoredPages(pages.put));
  expect([again.size, again.has("a", at(1)), again.has("b", at(1))]).toEqual([2, false, true]);
  again.add("d", at(1), at(1));
  expect([again.size, again.evicted]).toEqual([2, 2]);
});
