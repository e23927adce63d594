import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ResultRow } from "../../src/core/result.ts";
import { STATE_VERSION } from "../../src/state/state-file.ts";
import { FIXTURES, openOld, T } from "../support/old-state.ts";

const PER_MINUTE = ["cpu max 0 4 1", "cpu sum 0 3.5 2", "cpu sum 60 40 2", "disk sum 60 64 1"];

/** Rows in the outbox of the state, and what there is in the end. */
interface Expected {
  readonly depth: number;
  readonly ledger: {
    readonly aggregated: number;
    readonly late: number;
    readonly late_partial: number;
  };
  readonly rows: readonly string[];
}

const EXPECTED: Readonly<Record<string, Expected>> = {
  v1: { depth: 2, ledger: { aggregated: 6, late: 1, late_partial: 0 }, rows: PER_MINUTE },
  v2: {
    depth: 12,
    ledger: { aggregated: 7, late: 0, late_partial: 1 },
    rows: [
      ...PER_MINUTE,
      // The late event is in time for the session, which all of "cpu" are in.
      "visits cpu median 0 6 6",
      "visits disk median 119 64 1",
      "hopping cpu sum -40 1.5 1",
      "hopping cpu median -40 1.5 1",
      "hopping cpu sum -20 5.5 2",
      "hopping cpu median -20 2.75 2",
      "hopping cpu sum 0 5.5 2",
      "hopping cpu median 0 2.75 2",
      "hopping cpu sum 20 12 2",
      "hopping cpu median 20 6 2",
      "hopping cpu sum 40 40 2",
      "hopping cpu median 40 20 2",
      "hopping cpu sum 60 40 2",
      "hopping cpu median 60 20 2",
      "hopping cpu sum 80 32 1",
      "hopping cpu median 80 32 1",
      "hopping cpu sum 100 32 0 filled",
      "hopping cpu median 100 32 0 filled",
      "hopping cpu sum 120 32 0 filled",
      "hopping cpu median 120 32 0 filled",
      "hopping cpu sum 140 32 0 filled",
      "hopping cpu median 140 32 0 filled",
      "hopping cpu sum -20 2 1 Größe",
      "hopping cpu median -20 2 1 Größe",
      "hopping cpu sum 0 2 1 Größe",
      "hopping cpu median 0 2 1 Größe",
      "hopping cpu sum 20 2 1 Größe",
      "hopping cpu median 20 2 1 Größe",
      "hopping cpu sum 40 2 0 Größe filled",
      "hopping cpu median 40 2 0 Größe filled",
      "hopping cpu sum 60 2 0 Größe filled",
      "hopping cpu median 60 2 0 Größe filled",
      "hopping cpu sum 80 2 0 Größe filled",
      "hopping cpu median 80 2 0 Größe filled",
      "hopping disk sum 60 64 1",
      "hopping disk median 60 64 1",
      "hopping disk sum 80 64 1",
      "hopping disk median 80 64 1",
      "hopping disk sum 100 64 1",
      "hopping disk median 100 64 1",
      "hopping disk sum 120 64 0 filled",
      "hopping disk median 120 64 0 filled",
      "hopping disk sum 140 64 0 filled",
      "hopping disk median 140 64 0 filled",
      "hopping disk sum 160 64 0 filled",
      "hopping disk median 160 64 0 filled",
    ],
  },
};

/** A row of the rule of every version as it was always told, and of others with their name. */
function textOf(row: ResultRow): string {
  const { rule, name, agg_func, window_start, value, count } = row;
  const text = [name, agg_func, window_start - T, value, count].join(" ");
  const { site } = row.labels;
  const filled = row.filled === true ? " filled" : "";
  return rule === "per_minute"
    ? text
    : `${rule} ${text}${site === undefined ? "" : ` ${site}`}${filled}`;
}

const versions = readdirSync(FIXTURES).sort();

test("there is a stored state of every format", () => {
  expect(versions).toEqual(Array.from({ length: STATE_VERSION }, (_, i) => `v${i + 1}`));
});

describe("a state of an older version", () => {
  test.each(versions)("is opened and goes on with the right rows, %s", async (version) => {
    const base = await mkdtemp(join(tmpdir(), "old-state-"));
    const folder = join(base, "state");
    await cp(join(FIXTURES, version), folder, { recursive: true });
    const old = await openOld(folder, { version, isSinkAway: false });
    expect(old.state.epoch).toBe(2);
    expect(old.state.cursor).toBe("5");
    const { depth, ledger, rows: expected } = EXPECTED[version]!;
    expect(old.state.outbox.depth("main")).toBe(depth);
    // The idle rule closes the second minute.
    for (let i = 0; i < 200 && old.rows.size < expected.length; i++) {
      await old.clock.advance(1_000);
      await Bun.sleep(1);
    }
    expect([...old.rows.values()].map(textOf).sort()).toEqual([...expected].sort());
    expect(old.pipeline.processor.engine.ledger).toMatchObject({
      received: 8,
      duplicate: 1,
      ...ledger,
    });
    const letters = old.state.deadLetters.list({ after: 0, limit: 10 });
    expect(letters).toHaveLength(ledger.late);
    if (ledger.late > 0) expect(letters[0]).toMatchObject({ reason: "late", at: "cursor 4" });
    await old.close();
    const db = new DatabaseSync(join(folder, "state.sqlite"));
    expect(db.prepare("pragma user_version").get()).toEqual({ user_version: STATE_VERSION });
    db.close();
    expect(await readdir(folder)).toContain("state.commits");
    await rm(base, { recursive: true });
  });
});
