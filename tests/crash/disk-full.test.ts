import { expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installExecutable } from "../support/executable.ts";
import { configure, getJson, publish, queryRows, startService } from "../support/service.ts";

setDefaultTimeout(60_000);

const MIB = 1024 * 1024;

/** A disk of 4 MiB; undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "aggregator-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]);
  if (mounted.status === 0) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}

const disk = smallDisk();
// In continuous integration it must be possible; elsewhere mounting takes rights that few have.
const isPossible = disk !== undefined || process.env["CI"] === "true";

test.skipIf(!isPossible)(
  "a full disk stops the intake, loses nothing, and is over when there is room",
  async () => {
    if (disk === undefined) throw new Error("Cannot mount a tmpfs: the test needs root");
    await using aggregator = await installExecutable();
    try {
      await configure(
        aggregator,
        `import { defineConfig, eventFunction, tumbling } from "aggregator";
       export default defineConfig({
         rules: { second: { window: tumbling("1s"), aggregate: eventFunction() } },
         time: { outOfOrderness: "0s", idleTimeout: "1s", maxFuture: "off" },
         state: { dir: ${JSON.stringify(disk)}, checkpointEvery: "50ms" },
         status: { port: 0 },
       });`,
      );
      const { running, url } = await startService(aggregator);
      const ballast = join(disk, "ballast");
      const fill = (): void => {
        // As much as there is room for, down to the last block.
        for (const size of [MIB, MIB / 16, 4096]) {
          for (let n = 0; ; n++) {
            try {
              writeFileSync(`${ballast}-${size}-${n}`, new Uint8Array(size));
            } catch {
              break;
            }
          }
        }
      };
      let accepted = 0;
      const publishMore = async (): Promise<number> => {
        const events = Array.from({ length: 100 }, (_, i) => {
          return { name: `n${i % 7}`, value: 1, timestamp: 1_700_000_000 + accepted + i };
        });
        const answer = await publish(url, events);
        if (answer.status === 202) accepted += events.length;
        else expect(answer.headers.get("retry-after")).not.toBeNull();
        return answer.status;
      };
      expect(await publishMore()).toBe(202);
      fill();
      const statuses = new Set<number>();
      for (let i = 0; i < 20; i++) statuses.add(await publishMore());
      expect(statuses.has(503)).toBe(true);
      for (;;) {
        const health = await getJson<{ status: string }>(`${url}/healthz`);
        if (health.status === "degraded" || accepted === 100) break;
        await Bun.sleep(50);
      }
      spawnSync("sh", ["-c", `rm -f "${ballast}"-*`]);
      for (;;) if ((await publishMore()) === 202) break;
      for (;;) {
        const ledger = await getJson<{ aggregated: number }>(`${url}/ledger`);
        const { windows } = await getJson<{ windows: object[] }>(`${url}/windows`);
        if (ledger.aggregated === accepted && windows.length === 0) break;
        await Bun.sleep(50);
      }
      const { code } = await running.stop();
      expect(code).toBe(0);
      const path = join(aggregator.folder, "aggregates.sqlite");
      expect(queryRows(path, "select sum(count) as n from aggregates")).toEqual([{ n: accepted }]);
    } finally {
      spawnSync("umount", ["-l", disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  },
);
