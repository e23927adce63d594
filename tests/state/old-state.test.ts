import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { STATE_VERSION } from "../../src/state/state-file.ts";
import { FIXTURES, openOld, T } from "../support/old-state.ts";

const versions = readdirSync(FIXTURES).sort();

test("there is a stored state of every format", () => {
  expect(versions).toEqual(Array.from({ length: STATE_VERSION }, (_, i) => `v${i + 1}`));
});

describe("a state of an older version", () => {
  test.each(versions)("is opened and goes on with the right rows, %s", async (version) => {
    const base = await mkdtemp(join(tmpdir(), "old-state-"));
    const folder = join(base, "state");
    await cp(join(FIXTURES, version), folder, { recursive: true });
    const old = await openOld(folder, { isSinkAway: false });
    expect(old.state.epoch).toBe(2);
    expect(old.state.cursor).toBe("5");
    expect(old.state.outbox.depth("main")).toBe(2);
    // The idle rule closes the second minute.
    for (let i = 0; i < 200 && old.rows.size < 4; i++) {
      await old.clock.advance(1_000);
      await Bun.sleep(1);
    }
    const rows = [...old.rows.values()].map(({ name, agg_func, window_start, value, count }) =>
      [name, agg_func, window_start - T, value, count].join(" "),
    );
    expect(rows.sort()).toEqual([
      "cpu max 0 4 1",
      "cpu sum 0 3.5 2",
      "cpu sum 60 40 2",
      "disk sum 60 64 1",
    ]);
    expect(old.pipeline.processor.engine.ledger).toMatchObject({
      received: 8,
      aggregated: 6,
      late: 1,
      duplicate: 1,
    });
    const [letter] = old.state.deadLetters.list({ after: 0, limit: 10 });
    expect(letter).toMatchObject({ reason: "late", at: "cursor 4" });
    await old.close();
    expect(await readdir(folder)).toContain("state.commits");
    await rm(base, { recursive: true });
  });
});
