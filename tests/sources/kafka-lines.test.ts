import { describe, expect, test } from "bun:test";
import { LineBuffer } from "../../src/sources/kafka/line-buffer.ts";

function bufferOf(values: readonly (string | null)[]): LineBuffer {
  const lines = new LineBuffer();
  lines.begin("orders/3");
  for (const [i, value] of values.entries()) {
    const bytes = new TextEncoder().encode(`<${value ?? ""}>`);
    if (value === null) lines.take(10 + i, bytes, -1, -1);
    else lines.take(10 + i, bytes, 1, bytes.length - 1);
  }
  return lines;
}

const textOf = ({ bytes, length }: LineBuffer): string =>
  new TextDecoder().decode(bytes.subarray(0, length));

describe("LineBuffer", () => {
  test("writes a line of each value, whatever line feeds it has", () => {
    const lines = bufferOf(["a", "\nb\n", null, "c\n\nd", '{"é":"\n"}']);
    expect(textOf(lines)).toBe('a\n\rb\r\nc\r\rd\n{"é":"\r"}\n');
    expect([0, 1, 2, 3].map((line) => lines.place(line))).toEqual([
      "orders/3@10",
      "orders/3@11",
      "orders/3@13",
      "orders/3@14",
    ]);
    expect(lines.tombstones).toBe(1);
  });

  test("refuses values that would be blank lines", () => {
    const lines = bufferOf(["", " ", "\t\r\n ", "\u00a0"]);
    expect(textOf(lines)).toBe("\u00a0\n");
    expect(lines.refusals).toEqual([
      { reason: "invalid_json", detail: "value is empty", event: "", at: "orders/3@10" },
      { reason: "invalid_json", detail: "value is blank", event: " ", at: "orders/3@11" },
      { reason: "invalid_json", detail: "value is blank", event: "\t\r\n ", at: "orders/3@12" },
    ]);
  });

  test("grows for a large value, keeps slack behind, and is full then", () => {
    const large = "x".repeat(3_000_000);
    const lines = bufferOf(["a", large]);
    expect(textOf(lines)).toBe(`a\n${large}\n`);
    expect(lines.bytes.length - lines.length).toBeGreaterThanOrEqual(64);
    expect(lines.isFull).toBe(true);
    lines.begin("orders/4");
    expect([lines.isFull, lines.length, lines.tombstones]).toEqual([false, 0, 0]);
  });

  test("is full of many values, also of tombstones", () => {
    expect(bufferOf(Array<null>(65_536).fill(null)).isFull).toBe(true);
    const lines = bufferOf(Array<string>(10_000).fill("{}"));
    expect([lines.place(0), lines.place(9_999), lines.isFull]).toEqual([
      "orders/3@10",
      "orders/3@10009",
      false,
    ]);
  });
});
