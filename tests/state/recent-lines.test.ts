import { describe, expect, test } from "bun:test";
import { LineBlock } from "../../src/state/line-block.ts";
import { RecentLines } from "../../src/state/recent-lines.ts";

const encoder = new TextEncoder();

function read(recent: RecentLines, sequence: number, eventsMax = 1_000_000): string {
  const block = new LineBlock({ eventsMax, bytesMax: 1_000_000 });
  recent.read(sequence, block);
  return new TextDecoder().decode(block.bytes.subarray(0, block.length));
}

describe("RecentLines", () => {
  test("keeps the last lines, as many as its bytes allow", () => {
    const recent = new RecentLines(8);
    expect(recent.has(0)).toBe(false);
    for (let i = 0; i < 6; i++) {
      recent.add({ firstSequence: 10 + 2 * i, events: 2, lines: encoder.encode(`${i}\n${i}\n`) });
    }
    expect([17, 18, 19, 21, 22].map((sequence) => recent.has(sequence))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(read(recent, 18)).toBe("4\n4\n5\n5\n");
    expect(read(recent, 19, 2)).toBe("4\n5\n");
    expect(read(recent, 21)).toBe("5\n");
    expect(read(recent, 22)).toBe("");
    recent.add({ firstSequence: 22, events: 1, lines: encoder.encode("larger than all\n") });
    expect([21, 22, 23].map((sequence) => recent.has(sequence))).toEqual([false, false, false]);
    recent.add({ firstSequence: 23, events: 1, lines: encoder.encode("x\n") });
    expect(read(recent, 23)).toBe("x\n");
  });

  test("keeps a bounded number of pieces, also of very many small ones", () => {
    const recent = new RecentLines(1_000_000);
    for (let i = 0; i < 20_000; i++) {
      recent.add({ firstSequence: i, events: 1, lines: encoder.encode(`${i}\n`) });
    }
    expect([15_903, 15_904].map((sequence) => recent.has(sequence))).toEqual([false, true]);
    expect(read(recent, 19_998)).toBe("19998\n19999\n");
    expect(read(recent, 15_904, 2)).toBe("15904\n15905\n");
  });

  test.each([
    ["bytes", (text: string) => encoder.encode(text)],
    ["a Buffer, as an unpacked body is", (text: string) => Buffer.from(text)],
  ])("does not keep the whole of a large body for a few lines of it: %s", (_, bytesOf) => {
    const body = bytesOf(`a\n${"x".repeat(1_000)}`);
    const recent = new RecentLines(1_000_000);
    recent.add({ firstSequence: 0, events: 1, lines: body.subarray(0, 2) });
    body.fill(0);
    expect(read(recent, 0)).toBe("a\n");
  });
});
