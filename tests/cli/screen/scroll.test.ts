import { describe, expect, test } from "bun:test";
import { keysIn, Scroll } from "../../../src/cli/screen/scroll.ts";

const LINES = Array.from({ length: 10 }, (_, i) => `l${i}`);

function press(scroll: Scroll, ...keys: string[]): void {
  for (const key of keys) expect(scroll.take(key)).toBe(true);
}

describe("Scroll", () => {
  test("shows all that fits, and says nothing of a place then", () => {
    expect(new Scroll().show(LINES, 10)).toEqual({ lines: LINES, place: "" });
    expect(new Scroll().show([], 1)).toEqual({ lines: [], place: "" });
  });

  test("moves by lines and pages, and not beyond the ends", () => {
    const scroll = new Scroll();
    expect(scroll.show(LINES, 4)).toEqual({ lines: LINES.slice(0, 4), place: "lines 1–4 of 10" });
    press(scroll, "\u001b[B", "j", "\u001bOB");
    expect(scroll.show(LINES, 4).place).toBe("lines 4–7 of 10");
    press(scroll, "\u001b[A", "k", "\u001bOA", "k");
    expect(scroll.show(LINES, 4).place).toBe("lines 1–4 of 10");
    press(scroll, "\u001b[6~");
    expect(scroll.show(LINES, 4).lines[0]).toBe("l3");
    press(scroll, " ", " ", " ");
    expect(scroll.show(LINES, 4).place).toBe("lines 7–10 of 10");
    press(scroll, "\u001b[5~");
    expect(scroll.show(LINES, 4).lines[0]).toBe("l3");
    press(scroll, "\u001b[F");
    expect(scroll.show(LINES, 4).place).toBe("lines 7–10 of 10");
    press(scroll, "\u001b[H");
    expect(scroll.show(LINES, 4).place).toBe("lines 1–4 of 10");
  });

  test("stays in the text when it grows shorter, or the screen larger", () => {
    const scroll = new Scroll();
    scroll.show(LINES, 4);
    press(scroll, "G");
    expect(scroll.show(LINES.slice(0, 5), 4).place).toBe("lines 2–5 of 5");
    expect(scroll.show(LINES.slice(0, 5), 8)).toEqual({ lines: LINES.slice(0, 5), place: "" });
  });

  test("takes no other key", () => {
    for (const key of ["x", "constructor", "\u001b[C", ""]) {
      expect(new Scroll().take(key)).toBe(false);
    }
  });
});

test("keys that come together are told apart", () => {
  expect(keysIn("j\u001b[B\u001bOA\u001b[6~q\u001b")).toEqual([
    "j",
    "\u001b[B",
    "\u001bOA",
    "\u001b[6~",
    "q",
    "\u001b",
  ]);
});
