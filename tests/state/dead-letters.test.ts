import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TransientError } from "../../src/core/errors.ts";
import type { Refusal } from "../../src/core/event.ts";
import { DeadLetters } from "../../src/state/dead-letters.ts";
import { plainSeal } from "../../src/state/seal.ts";
import { type Checkpoint, State } from "../../src/state/state.ts";
import { StateDatabase } from "../../src/state/state-database.ts";

let dir: string;
let state: State;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "letters-"));
  open();
});

afterEach(() => {
  state.close();
  rmSync(dir, { recursive: true });
});

function open(): void {
  state = State.open({ dir, pipeline: "p", share: "0/1", sinks: [], now: 1 });
}

function letter(event: string, reason: Refusal["reason"] = "future"): Refusal {
  return { reason, detail: "d", event, at: "line 1" };
}

function commit(more: Partial<Checkpoint>): void {
  const pages = { remove: [], put: [] };
  const nothing = { pages, cursor: undefined, rows: new Map(), refusals: [], refusedAt: 7 };
  state.commit({ ...nothing, ...more });
}

function kept(): [number, string][] {
  return state.deadLetters
    .list({ after: 0, limit: 100 })
    .map(({ seq, event }): [number, string] => [seq, event]);
}

describe("State.commit()", () => {
  test("removes the letters that were taken, with all that it stores", () => {
    commit({ refusals: [letter("a"), letter("b"), letter("c")] });
    commit({ taken: [1, 3], refusals: [letter("a again")], cursor: "9" });
    expect(kept()).toEqual([
      [2, "b"],
      [4, "a again"],
    ]);
    expect(state.deadLetters.count).toBe(2);
    state.close();
    open();
    expect(kept().length).toBe(2);
    expect([state.deadLetters.count, state.cursor]).toEqual([2, "9"]);
  });

  test("passes over a letter that is gone, and counts it once", () => {
    commit({ refusals: [letter("a"), letter("b")] });
    commit({ taken: [1, 1, 99] });
    commit({ taken: [1] });
    expect([kept(), state.deadLetters.count]).toEqual([[[2, "b"]], 1]);
  });

  test("removes none when the disk is full", () => {
    commit({ refusals: [letter("a"), letter("b")] });
    const { deadLetters } = state;
    const store = deadLetters.store.bind(deadLetters);
    deadLetters.store = () => {
      throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
    };
    expect(() => commit({ taken: [1], refusals: [letter("c")] })).toThrow(TransientError);
    deadLetters.store = store;
    expect([kept().length, deadLetters.count]).toEqual([2, 2]);
    commit({ taken: [1] });
    expect([kept(), deadLetters.count]).toEqual([[[2, "b"]], 1]);
  });
});

describe("State.purge()", () => {
  test("removes those up to a number, of one reason or of any, and counts", () => {
    commit({ refusals: [letter("a"), letter("b", "late"), letter("c"), letter("d", "late")] });
    expect(state.purge({ through: 3, reason: "late" })).toBe(1);
    expect(kept().map(([seq]) => seq)).toEqual([1, 3, 4]);
    expect(state.purge({ through: 3 })).toBe(2);
    expect([kept().map(([seq]) => seq), state.deadLetters.count]).toEqual([[4], 1]);
  });
});

test("DeadLetters.store() makes room by what is removed before it lets others go", () => {
  state.close();
  const database = StateDatabase.open(join(dir, "state.sqlite"), {});
  const letters = new DeadLetters(database, plainSeal, { lettersMax: 3 });
  const inOne = (work: () => void): void => {
    database.transaction(work);
    letters.settle(true);
  };
  inOne(() => letters.store([letter("a"), letter("b"), letter("c")], 1));
  inOne(() => {
    letters.remove([2]);
    letters.store([letter("d")], 1);
  });
  const held = (): string[] => letters.list({ after: 0, limit: 9 }).map(({ event }) => event);
  expect([held(), letters.count, letters.evicted]).toEqual([["a", "c", "d"], 3, 0]);
  inOne(() => letters.store([letter("e")], 1));
  expect([held(), letters.count, letters.evicted]).toEqual([["c", "d", "e"], 3, 1]);
  expect(letters.newestSeq).toBe(5);
  database.close();
  open();
});
