import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  cp,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FatalError } from "../../src/core/errors.ts";
import { DamagedError, keySeal, plainSeal, type Seal } from "../../src/state/seal.ts";
import { State } from "../../src/state/state.ts";
import { STATE_VERSION } from "../../src/state/state-file.ts";
import { isFull, TIMEOUT_MS } from "../support/effort.ts";
import { contentOf, fillState, openKept, stateFileOf } from "../support/kept-state.ts";

setDefaultTimeout(TIMEOUT_MS);

/** Of each page of the file, which has some fifty. */
const FLIPS = isFull ? 30 : 2;

let base: string;
let dir: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "damage-"));
  dir = join(base, "state");
});

afterEach(() => rm(base, { recursive: true, force: true }));

type Content = ReturnType<typeof contentOf>;

/** A state that was used and closed; what it holds. */
function make(seal: Seal = plainSeal): Content {
  const state = openKept(dir, seal);
  fillState(state);
  const content = contentOf(state);
  state.close();
  return content;
}

/** What opening and reading everything gives. */
function look(at: string, seal: Seal = plainSeal): Content | Error {
  let state: State | undefined;
  try {
    state = openKept(at, seal);
    return contentOf(state);
  } catch (failure) {
    if (failure instanceof FatalError || failure instanceof DamagedError) return failure;
    throw failure;
  } finally {
    state?.close();
  }
}

function failureOf(at: string, seal: Seal = plainSeal): string {
  const found = look(at, seal);
  expect(found).toBeInstanceOf(FatalError);
  return (found as FatalError).message; // just looked at
}

const REMEDY =
  /Restore it from a backup \(aggregator restore\), or name an empty folder in state\.dir/;

describe("State, opened again", () => {
  test("holds what it held", () => {
    const content = make();
    expect(content.rows.map(({ rows }) => rows.length)).toEqual([50, 80]);
    expect(look(dir)).toEqual(content);
  });
});

describe("State, damaged", () => {
  test("a file that is empty is no new state", async () => {
    make();
    await truncate(stateFileOf(dir));
    expect(failureOf(dir)).toMatch(/is damaged \(the file is empty\)/);
    await rm(join(dir, "state.commits"));
    expect(failureOf(dir)).toMatch(REMEDY);
    expect((await stat(stateFileOf(dir))).size).toBe(0);
  });

  test("a file that is gone is no new state", async () => {
    make();
    await rm(stateFileOf(dir));
    expect(failureOf(dir)).toMatch(/is damaged \(it is gone, but ".*" shows that there was one\)/);
  });

  test("a beginning that was interrupted is none", async () => {
    await mkdir(dir, { recursive: true });
    await writeFile(`${stateFileOf(dir)}.new`, "half");
    const state = openKept(dir);
    expect(state.cursor).toBeUndefined();
    expect(state.epoch).toBe(1);
    state.close();
  });

  test("a file of somebody else is left alone", async () => {
    await mkdir(dir);
    const theirs = new DatabaseSync(stateFileOf(dir));
    theirs.exec("create table t (x)");
    theirs.close();
    const before = await readFile(stateFileOf(dir));
    expect(failureOf(dir)).toContain("is not a state of Aggregator");
    expect(await readFile(stateFileOf(dir))).toEqual(before);
    await writeFile(stateFileOf(dir), "some text that is no database");
    expect(failureOf(dir)).toMatch(REMEDY);
  });

  test("one of a newer version is left alone", async () => {
    make();
    const db = new DatabaseSync(stateFileOf(dir));
    db.exec(`pragma user_version = ${STATE_VERSION + 1}`);
    db.close();
    expect(failureOf(dir)).toContain("written by a newer version (format 3, this one knows 2)");
  });

  test("a log that was lost or cut under a state that was killed is found", async () => {
    // A copy of the open files is what a killed process leaves behind.
    const state = openKept(dir);
    fillState(state);
    const content = contentOf(state);
    await cp(dir, join(base, "killed"), { recursive: true });
    await cp(dir, join(base, "cut"), { recursive: true });
    await cp(dir, join(base, "flipped"), { recursive: true });
    await cp(dir, join(base, "lost"), { recursive: true });
    state.close();
    expect(look(join(base, "killed"))).toEqual(content);
    await rm(join(base, "lost/state.sqlite-wal"));
    const log = join(base, "cut/state.sqlite-wal");
    const { size } = await stat(log);
    await truncate(log, size - 5000);
    const flipped = await open(join(base, "flipped/state.sqlite-wal"), "r+");
    await flipped.write(Uint8Array.of(0x55, 0x55), 0, 2, Math.floor(size / 2));
    await flipped.close();
    for (const how of ["lost", "cut", "flipped"]) {
      expect(failureOf(join(base, how))).toMatch(/it is at transaction \d+, but had come to 6/);
    }
  });

  test.each([
    ["a cursor", "update meta set value = '500' where key = 'cursor'"],
    ["the place of a sink", "update sinks set confirmed = 31 where name = 'main'"],
    ["a sink that is gone", "delete from sinks where name = 'other'"],
  ])("%s that was changed behind our back is found", (_, sql) => {
    make();
    const db = new DatabaseSync(stateFileOf(dir));
    db.exec(sql);
    db.close();
    expect(failureOf(dir)).toContain("its table of places is not as it was written");
  });

  test.each([
    ["a byte of it flips", "update outbox set row = ? where sink = 'main' and sequence = 40", ""],
    ["it is gone", "delete from outbox where sink = 'main' and sequence = 40", " are gone"],
    [
      "the last one is gone",
      "delete from outbox where sink = 'main' and sequence = 80",
      " are gone",
    ],
  ])("a row of the outbox is missed when %s", (_, sql, why) => {
    make();
    const db = new DatabaseSync(stateFileOf(dir));
    const one = db.prepare("select row from outbox where sink = 'main' and sequence = 40").get();
    const row = Uint8Array.from(one!["row"] as Uint8Array); // a blob, by the schema
    row[7]! ^= 1;
    db.prepare(sql).run(...(sql.includes("?") ? [row] : []));
    db.close();
    const message = failureOf(dir);
    expect(message).toMatch(REMEDY);
    expect(message).toContain(why === "" ? "(row 40 for sink main is damaged)" : why);
  });

  test("a file cut at any page is found", async () => {
    make();
    const whole = await readFile(stateFileOf(dir));
    for (let length = 4096; length < whole.length; length += 4096) {
      await writeFile(stateFileOf(dir), whole.subarray(0, length));
      expect(failureOf(dir)).toMatch(REMEDY);
    }
  });

  test.each([
    ["without a key", plainSeal],
    ["with a key", keySeal(new Uint8Array(32).fill(7))],
  ])("a byte that flips on any page is found or changes nothing, %s", async (_, seal) => {
    const content = make(seal);
    const whole = await readFile(stateFileOf(dir));
    const guard = await readFile(join(dir, "state.commits"));
    const found = { same: 0, refused: 0 };
    let seed = 1;
    for (let page = 0; page < whole.length / 4096; page++) {
      for (let i = 0; i < FLIPS; i++) {
        seed = (seed * 48_271) % 2_147_483_647;
        // The head of a page is where its tree is; that of the file says what it is.
        const offset = i % 2 === 0 ? seed % 24 : seed % 4096;
        const bytes = Uint8Array.from(whole);
        bytes[page * 4096 + offset]! ^= 1 << (seed % 8);
        await writeFile(stateFileOf(dir), bytes);
        await writeFile(join(dir, "state.commits"), guard);
        const seen = look(dir, seal);
        if (seen instanceof Error) found.refused++;
        else {
          expect({ page, offset, seen }).toEqual({ page, offset, seen: content });
          found.same++;
        }
      }
    }
    expect(found.refused).toBeGreaterThan(found.same);
  });
});

describe("State of somebody else", () => {
  const key = keySeal(new Uint8Array(32).fill(7));

  test.each([
    ["another key", key, keySeal(new Uint8Array(32).fill(8)), "is encrypted with another key"],
    ["no key", key, plainSeal, "is encrypted, but no key is configured"],
    ["a key for a plain one", plainSeal, key, "is not encrypted, but a key is configured"],
  ])("is refused with %s, and not changed", (_, written, wrong, why) => {
    const content = make(written);
    expect(failureOf(dir, wrong)).toContain(why);
    expect(look(dir, written)).toEqual(content);
  });

  test("of another pipeline or share is refused", () => {
    make();
    const options = { dir, pipeline: "plant-7", share: "0/1", sinks: [], now: 0 };
    expect(() => State.open({ ...options, pipeline: "plant-8" })).toThrow('pipeline "plant-7"');
    expect(() => State.open({ ...options, share: "1/2" })).toThrow("belongs to share 0/1");
  });
});
