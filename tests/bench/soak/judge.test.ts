import { expect, test } from "bun:test";
import { judge, type Look } from "./judge.ts";

const steady: Look = {
  seconds: 0,
  memoryMiB: 100,
  handles: 20,
  pending: 0,
  watermarkLagSeconds: 5,
  outbox: 0,
  cpuSeconds: 0,
};
const expectation = { rate: 1_000, lagSeconds: 5 };

function looks(change: (part: number) => Partial<Look>): Look[] {
  return Array.from({ length: 300 }, (_, i) => ({ ...steady, seconds: i, ...change(i / 300) }));
}

const broken = (all: readonly Look[]): string[] =>
  judge(all, expectation)
    .filter(({ holds }) => !holds)
    .map(({ what }) => what);

test("judge() accepts a steady service, and one that warms up", () => {
  expect(broken(looks(() => ({})))).toEqual([]);
  expect(broken(looks((part) => ({ memoryMiB: part < 0.3 ? 50 : 200 })))).toEqual([]);
});

test.each([
  ["memory", (part: number) => ({ memoryMiB: 100 + 150 * part })],
  ["handles", (part: number) => ({ handles: 20 + Math.floor(30 * part) })],
  ["watermark lag", (part: number) => ({ watermarkLagSeconds: 5 + 30 * part })],
  ["events that wait", (part: number) => ({ pending: 1e5 * part })],
])("judge() finds that %s grows", (what, change) => {
  expect(broken(looks(change))).toEqual([what]);
});

test("judge() passes over a single moment", () => {
  expect(broken(looks((part) => (part === 0.5 ? { pending: 1e6 } : {})))).toEqual([]);
});
