import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rekey } from "../../src/state/rekey.ts";
import { keySeal, plainSeal, type Seal } from "../../src/state/seal.ts";
import { State } from "../../src/state/state.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "note-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

function withState<Result>(seal: Seal, use: (state: State) => Result): Result {
  const state = State.open({ dir, pipeline: "p", share: "0/1", sinks: ["s"], now: 0, seal });
  try {
    return use(state);
  } finally {
    state.close();
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (state: State): string | undefined => {
  const note = state.note("alerts");
  return note && new TextDecoder().decode(note);
};

describe("a note", () => {
  test("is what was kept last, also after a restart", () => {
    withState(plainSeal, (state) => {
      expect(textOf(state)).toBeUndefined();
      state.keepNote("alerts", bytes("one"));
      state.keepNote("alerts", bytes("two"));
      state.keepNote("others", bytes("three"));
    });
    expect(withState(plainSeal, textOf)).toBe("two");
  });

  test("is none of the engine's pages", () => {
    withState(plainSeal, (state) => {
      state.keepNote("alerts", bytes("one"));
      expect([...state.pages()]).toEqual([]);
    });
  });

  test("stands in no file in the clear, and is sealed with another key by rekey", async () => {
    const key = keySeal(new Uint8Array(32).fill(1));
    const other = keySeal(new Uint8Array(32).fill(2));
    withState(key, (state) => state.keepNote("alerts", bytes("needle in a name")));
    for (const file of readdirSync(dir)) {
      expect(readFileSync(join(dir, file)).includes("needle")).toBe(false);
    }
    await rekey({ dir, from: key, to: other, onPart: () => {} });
    expect(withState(other, textOf)).toBe("needle in a name");
  });
});
