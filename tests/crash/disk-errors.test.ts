import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byKey, compareRows, type ExactRow, exactStream } from "../support/exact-stream.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, rowsIn, startService, until } from "../support/service.ts";

// The disk under the state fails and comes back, under a service at work, when it starts, and when it dies.

setDefaultTimeout(120_000);

const EVENTS = 12_000;
const PARTS = 12;

const tools = mkdtempSync(join(tmpdir(), "aggregator-faulty-disk-"));

afterAll(() => rmSync(tools, { recursive: true, force: true }));

/** What makes it fail; undefined where there is no compiler, or no such system. */
function faultyDisk(): string | undefined {
  if (process.platform !== "linux") return undefined;
  const library = join(tools, "faulty-disk.so");
  const source = join(import.meta.dir, "../support/faulty-disk.c");
  const built = spawnSync("cc", ["-shared", "-fPIC", "-o", library, source, "-ldl"]);
  return built.status === 0 ? library : undefined;
}

const library = faultyDisk();
// In continuous integration it must be possible; elsewhere there may be no compiler.
const isPossible = library !== undefined || process.env["CI"] === "true";

const CONFIG = `
import { defineConfig, embedded } from "aggregator";

export default defineConfig({
  source: embedded(),
  time: { outOfOrderness: "5s", idleTimeout: "off" },
  state: { checkpointEvery: "20ms" },
});
`;

/** The events of one part, in two bodies. */
function piecesOf(lines: readonly string[], part: number): string[] {
  const size = EVENTS / PARTS / 2;
  return [2 * part, 2 * part + 1].map((piece) =>
    lines.slice(piece * size, (piece + 1) * size).join("\n"),
  );
}

interface Health {
  readonly status: string;
  readonly reasons?: readonly string[];
}

const SAID =
  /Cannot (?:read or )?write the state ".*state\.sqlite": .*(?:make room|see what the log)/;

test.skipIf(!isPossible).each(["EIO write", "EIO sync", "EIO read", "ENOSPC write"])(
  "%s: nothing is lost and nothing counts twice",
  async (fault) => {
    if (library === undefined) throw new Error("Cannot build the faulty disk: the test needs cc");
    const { lines, rows } = exactStream(EVENTS);
    await using aggregator = await installExecutable();
    await configure(aggregator, CONFIG);
    const faults = join(aggregator.folder, "faults");
    const fail = (): Promise<void> => writeFile(faults, fault);
    const heal = (): Promise<void> => rm(faults, { force: true });
    const env = { FAULTS: faults, LD_PRELOAD: library, STORAGE_TYPE: "sqlite", PORT: "0" };

    await fail();
    const never = await aggregator.run(["run"], { env });
    expect(never.code).toBe(1);
    expect(never.stderr).toMatch(SAID);
    await heal();

    let { running, url } = await startService(aggregator, env);
    const health = (): Promise<Health> => getJson<Health>(`${url}/healthz`);
    for (let part = 0; part < PARTS; part++) {
      const isFaulty = part % 2 === 1;
      if (isFaulty) await fail();
      // The journal is another file, which does not fail.
      for (const body of piecesOf(lines, part)) {
        const answer = await fetch(`${url}/vabus/events`, { method: "POST", body });
        expect(answer.status).toBe(202);
        // Then the next one finds a checkpoint due.
        await Bun.sleep(30);
      }
      if (!isFaulty) continue;
      // A read of what is in the cache of SQLite asks the disk for nothing.
      if (fault !== "EIO read") {
        const { reasons } = await until(health, ({ status }) => status === "degraded");
        expect(String(reasons)).toMatch(SAID);
      }
      if (part === 5) {
        const { stderr } = await running.stop("SIGKILL");
        if (fault !== "EIO read") {
          expect(stderr.match(/Cannot make a checkpoint; reading waits/g)).toHaveLength(3);
          expect(stderr.match(/Checkpoints are made again/g)).toHaveLength(2);
        }
        const again = await aggregator.run(["run"], { env });
        expect(again.code).toBe(1);
        expect(again.stderr).toMatch(SAID);
        await heal();
        ({ running, url } = await startService(aggregator, env));
      }
      await heal();
      await until(health, ({ status }) => status === "ok");
    }
    const end = JSON.stringify({ name: "end", value: 0, timestamp: 1_700_100_000 });
    await fetch(`${url}/vabus/events`, { method: "POST", body: end });
    await until(
      () => getJson<{ received: number; balanced: boolean }>(`${url}/ledger`),
      ({ received, balanced }) => received === EVENTS + 1 && balanced,
    );
    const { code } = await running.stop();
    expect(code).toBe(0);
    const path = join(aggregator.folder, "aggregates.sqlite");
    const columns = "name, agg_func, window_start, value, count";
    compareRows(rowsIn<ExactRow>(path, columns).sort(byKey), rows);
  },
);
