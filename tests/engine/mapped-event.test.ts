import { expect, test } from "bun:test";
import { mappedEvent } from "../../src/engine/mapped-event.ts";
import { Bench, ruleOf } from "../support/engine-input.ts";

const event = { name: "a", value: 1, timestamp: 5, agg_func: "sum", labels: { host: "x" } };

test("takes what an event may be", () => {
  expect(mappedEvent(event, { value: 2 })).toEqual({ ...event, value: 2 });
  expect(mappedEvent(event, { ...event, name: "b" })).toEqual({ ...event, name: "b" });
  expect(mappedEvent(event, { labels: { zone: "", gone: undefined } })?.labels).toEqual({
    zone: "",
  });
  expect(mappedEvent(event, undefined)).toBeUndefined();
});

test.each([
  [false, "map returned false, not an object or undefined"],
  ["no", 'map returned "no", not an object or undefined'],
  [[1], "map returned an array, not an object or undefined"],
  [{ name: "" }, "map returned a name that is empty"],
  [{ name: "a\u0000" }, "map returned a name that contains a NUL character"],
  [{ name: "\ud800" }, "map returned a name that contains a lone surrogate"],
  [{ value: Number.NaN }, "map returned a value that is NaN, not a finite number"],
  [{ labels: null }, "map returned labels that are null, not an object"],
  [{ labels: { host: 7 } }, 'map returned label "host" that is 7, not a string'],
  [{ timestamp: 6 }, "map cannot change the timestamp"],
])("refuses %j", (mapped, message) => {
  expect(() => mappedEvent(event, mapped)).toThrow(message);
});

test("what it refuses is a dead letter of the rule, or told where another rule took the event", () => {
  const bad = ruleOf({ name: "bad", map: () => ({ labels: JSON.parse("null") }) });
  const alone = new Bench([bad]);
  expect(alone.add([{ at: 1 }])).toMatchObject([{ reason: "rule_failed" }]);
  const told: string[] = [];
  const both = new Bench([bad, ruleOf({ name: "good" })], {
    onRowFailure: (what) => told.push(what),
  });
  expect(both.add([{ at: 1 }])).toEqual([]);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("rule bad: where or map threw for a = 1 at 1: map returned labels");
});
