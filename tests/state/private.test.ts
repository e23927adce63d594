import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/core/logger.ts";
import { openJournal } from "../../src/state/journal.ts";
import { State } from "../../src/state/state.ts";
import { realClock } from "../support/source-reading.ts";

/** Of the lock of a folder: they hold nothing but the number of a process. */
const FREE = /^(?:lock|owner)$/;

test("what is made to hold events and rows is for nobody else", async () => {
  const base = mkdtempSync(join(tmpdir(), "private-"));
  const dir = join(base, "state");
  const state = State.open({ dir, pipeline: "p", share: "0/1", sinks: [], now: 1 });
  const log = await openJournal({
    folder: join(dir, "journal"),
    clock: realClock,
    logger: silentLogger,
    bytesMax: 1e6,
    retentionMs: 0,
    reader: "none",
  });
  try {
    const names = readdirSync(dir, { recursive: true, encoding: "utf8" });
    expect(names).toContain("state.sqlite-wal");
    expect(names.some((name) => name.endsWith(".journal"))).toBe(true);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of names.filter((path) => !FREE.test(path.split("/").at(-1)!))) {
      const stats = statSync(join(dir, name));
      const mode = (stats.mode & 0o777).toString(8);
      expect([name, mode]).toEqual([name, stats.isDirectory() ? "700" : "600"]);
    }
  } finally {
    await log.close();
    state.close();
    rmSync(base, { recursive: true, force: true });
  }
});
