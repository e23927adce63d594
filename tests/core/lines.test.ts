import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LINE_BYTES_MAX, SCAN_SLACK_BYTES } from "../../src/core/limits.ts";
import { countLineFeeds, LineCutter } from "../../src/core/lines.ts";

const encoder = new TextEncoder();
const LINE_MAX = 12;

interface Cut {
  readonly lines: string[];
  /** `offset:bytes` of every line that was passed over. */
  readonly oversize: string[];
  readonly next: number;
}

/** Cuts `input` as it comes in pieces of the given sizes. */
function cut(input: Uint8Array, sizes: readonly number[], offset = 0): Cut {
  const cutter = new LineCutter({ offset, chunkBytes: 8, lineBytesMax: LINE_MAX });
  const lines: string[] = [];
  const oversize: string[] = [];
  let passed = 0;
  const add = (region: ReturnType<LineCutter["take"]>): void => {
    if (region === undefined) return;
    expect(region.bytes.length).toBeGreaterThanOrEqual(region.length + SCAN_SLACK_BYTES);
    passed += region.passed;
    if (region.oversize !== undefined) {
      const { offset: start, bytes, head } = region.oversize;
      oversize.push(`${start}:${bytes}`);
      const line = input.subarray(start, start + bytes + 3);
      expect(new TextDecoder().decode(line)).toStartWith(head);
    }
    if (region.length === 0) return;
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      region.bytes.subarray(0, region.length),
    );
    // The region says where it lies: the lines before it and those passed over add up.
    const before = input.subarray(offset, region.offset);
    expect(countLineFeeds(before, before.length)).toBe(lines.length + passed);
    lines.push(...text.split("\n"));
    if (text.endsWith("\n")) lines.pop();
  };
  let at = offset;
  for (let i = 0; at < input.length; i++) {
    const room = cutter.room();
    const length = Math.min(sizes[i % sizes.length]!, room.length, input.length - at);
    room.set(input.subarray(at, at + length));
    at += length;
    add(cutter.take(length));
  }
  add(cutter.finish());
  return { lines, oversize, next: cutter.next };
}

/** The same, by splitting the whole text. */
function split(text: string): Pick<Cut, "lines" | "oversize"> {
  const lines: string[] = [];
  const oversize: string[] = [];
  let offset = 0;
  const parts = text.replace(/\n$/, "").split("\n");
  for (const part of text === "" ? [] : parts) {
    if (part.length <= LINE_MAX) lines.push(part);
    else if (!/^[ \t\r]*$/.test(part)) oversize.push(`${offset}:${part.length}`);
    offset += part.length + 1;
  }
  return { lines, oversize };
}

/** A cutter that holds a long line whole hands it on: the decoder refuses it with the same words. */
function judged(result: Pick<Cut, "lines" | "oversize">) {
  const kept = result.lines.filter((line) => line.length <= LINE_MAX);
  const whole = result.lines.filter((line) => line.length > LINE_MAX && line.trim() !== "");
  const passed = result.oversize.map((line) => line.slice(line.indexOf(":") + 1));
  const refused = [...passed, ...whole.map((line) => String(line.length))].sort();
  return { kept, refused };
}

describe("LineCutter", () => {
  test("gives the same lines wherever the input is cut in two", () => {
    const input = encoder.encode("\uFEFFone\r\n\n  \ntwo\nfar too long a line\nthree\nfour");
    for (let at = 1; at < input.length; at++) {
      const result = judged(cut(input, [at]));
      expect(result.kept).toEqual(["one\r", "", "  ", "two", "three", "four"]);
      expect(result.refused).toEqual(["19"]);
    }
  });

  test("agrees with splitting the text, for any text, any pieces and any place to go on", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "c", "a", "b", "c", "a", "b", " ", "\n"),
      maxLength: 120,
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(text, sizes, (content, pieces) => {
        const input = encoder.encode(content);
        const result = cut(input, pieces);
        expect(judged(result)).toEqual(judged(split(content)));
        expect(result.next).toBe(input.length);
        // Going on at the beginning of any line gives the lines from there.
        for (let at = 0; at <= content.length; at++) {
          if (at > 0 && content[at - 1] !== "\n") continue;
          const rest = content.slice(at);
          expect(judged(cut(input, pieces, at))).toEqual(judged(split(rest)));
        }
      }),
    );
  });

  test("skips a byte order mark at the start of the input only", () => {
    const input = encoder.encode("\uFEFFa\n\uFEFFb\n");
    expect(cut(input, [1]).lines).toEqual(["a", "\uFEFFb"]);
    expect(cut(input, [100], 5).lines).toEqual(["\uFEFFb"]);
    expect(cut(encoder.encode("\uFEFF"), [2]).lines).toEqual([]);
  });

  test("does not count the byte order mark as part of a long first line", () => {
    expect(cut(encoder.encode(`\uFEFF${"x".repeat(LINE_MAX)}\n`), [1]).oversize).toEqual([]);
    expect(cut(encoder.encode(`\uFEFF${"x".repeat(40)}\n`), [1]).oversize).toEqual(["0:40"]);
  });

  test("keeps its memory bounded, and goes on after a line of any length", () => {
    const cutter = new LineCutter();
    let largest = 0;
    for (let sent = 0; sent < 20 * LINE_BYTES_MAX; ) {
      const room = cutter.room();
      largest = Math.max(largest, room.length);
      sent += room.fill(120).length;
      expect(cutter.take(room.length)).toBeUndefined();
    }
    const room = cutter.room();
    room.set(encoder.encode("\nok\n"));
    const region = cutter.take(4);
    expect(region?.oversize?.bytes).toBeGreaterThanOrEqual(20 * LINE_BYTES_MAX);
    expect(region?.oversize?.head.length).toBe(4096);
    expect(region?.length).toBe(3);
    expect(largest).toBeLessThanOrEqual(2 * LINE_BYTES_MAX);
  });

  test("take() finds no line in a piece without a line feed, and unfinished says how much is held", () => {
    const cutter = new LineCutter();
    cutter.room().set(encoder.encode("abc"));
    expect(cutter.take(3)).toBeUndefined();
    expect(cutter.unfinished).toBe(3);
    expect(cutter.next).toBe(0);
  });
});
