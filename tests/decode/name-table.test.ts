import { describe, expect, test } from "bun:test";
import { ENTRY_WORDS, IGNORED, NameTable } from "../../src/decode/name-table.ts";
import { collidingNames } from "../support/colliding-names.ts";

function hashOf(table: NameTable, text: string): number {
  const bytes = new Uint8Array(Math.ceil(text.length / 4) * 4 + 4);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return table.hashOf(new DataView(bytes.buffer), 0, written);
}

describe("NameTable.intern()", () => {
  test("gives numbers from 0 on, and the same name the same one", () => {
    const table = new NameTable({ seed: 7 });
    expect(["a", "b", "a", "\u00e9", "e\u0301", "b"].map((name) => table.intern(name))).toEqual([
      0, 1, 0, 2, 3, 1,
    ]);
    expect(table.size).toBe(4);
    expect(table.text(3)).toBe("e\u0301");
  });

  test("grows to 200,000 names and finds each of them again", () => {
    const table = new NameTable({ seed: 0xdeadbeef });
    const names = Array.from({ length: 200_000 }, (_, i) => `${i}.${"x".repeat(i % 60)}`);
    for (const [number, name] of names.entries()) {
      if (table.intern(name) !== number) throw new Error(`${name} is not ${number}`);
    }
    for (const [number, name] of names.entries()) {
      if (table.intern(name) !== number) throw new Error(`${name} is not ${number} any more`);
      if (table.text(number) !== name) throw new Error(`${number} is not ${name}`);
    }
    expect(table.size).toBe(200_000);
    // At most half full, so that a search ends soon.
    expect(table.entries.length / ENTRY_WORDS).toBeGreaterThanOrEqual(400_000);
  });

  test("gives the number of the name at which the table grows", () => {
    const table = new NameTable({ seed: 1 });
    const numbers = Array.from({ length: 5_000 }, (_, i) => table.intern(`name ${i}`));
    expect(numbers).toEqual(numbers.map((_, i) => i));
  });

  test("keeps names apart whose hashes are equal", () => {
    const table = new NameTable({ seed: 42 });
    const names = collidingNames({ seed: 42, count: 50 });
    expect(new Set(names.map((name) => hashOf(table, name))).size).toBe(1);
    expect(new Set(names).size).toBe(50);
    const numbers = names.map((name) => table.intern(name));
    expect(numbers).toEqual(names.map((_, i) => i));
    expect(names.map((name) => table.intern(name))).toEqual(numbers);
    // Spread over the table when it grows, they are still found.
    for (let i = 0; i < 5_000; i++) table.intern(`other ${i}`);
    expect(names.map((name) => table.intern(name))).toEqual(numbers);
  });

  test("hashes by its seed", () => {
    const [one, other] = [new NameTable({ seed: 1 }), new NameTable({ seed: 2 })];
    const differ = ["a", "cpu", "mem.free"].filter((n) => hashOf(one, n) !== hashOf(other, n));
    expect(differ).toHaveLength(3);
  });

  test("numbers nothing that begins with the ignored prefix", () => {
    const table = new NameTable({ seed: 1, ignoredPrefix: "own." });
    expect(["own.a", "own.", "own", "a", "own.a"].map((name) => table.intern(name))).toEqual([
      IGNORED,
      IGNORED,
      0,
      1,
      IGNORED,
    ]);
    expect(table.size).toBe(2);
    expect(table.used).toBe(4);
  });
});

describe("NameTable.retain()", () => {
  test("numbers anew what is in use and forgets the rest", () => {
    const table = new NameTable({ seed: 3, ignoredPrefix: "own." });
    for (const name of ["a", "own.x", "b", "c", "d"]) table.intern(name);
    expect([...table.retain(Uint8Array.of(0, 1, 0, 1))]).toEqual([-1, 0, -1, 1]);
    expect([table.size, table.used]).toEqual([2, 2]);
    expect([table.text(0), table.text(1)]).toEqual(["b", "d"]);
    expect(["d", "a", "b", "own.x"].map((name) => table.intern(name))).toEqual([1, 2, 0, IGNORED]);
  });

  test("gives the memory of many names back", () => {
    const table = new NameTable({ seed: 3 });
    for (let i = 0; i < 50_000; i++) table.intern(`name ${i}`);
    const inUse = new Uint8Array(50_000);
    inUse[49_999] = 1;
    expect(table.retain(inUse)[49_999]).toBe(0);
    expect(table.entries.length / ENTRY_WORDS).toBe(1024);
    expect(table.intern("name 49999")).toBe(0);
    expect(table.intern("name 0")).toBe(1);
  });
});
