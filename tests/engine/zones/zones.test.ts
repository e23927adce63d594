import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";

setDefaultTimeout(60_000);

async function rowsIn(zone: string): Promise<{ local: string; rows: string }> {
  const process = Bun.spawn([globalThis.process.execPath, join(import.meta.dir, "scenario.ts")], {
    env: { ...globalThis.process.env, TZ: zone },
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(process.stdout).text();
  expect(await process.exited).toBe(0);
  const [local, ...rows] = text.split("\n");
  return { local: local!, rows: rows.join("\n") };
}

test("the rows are the same wherever the process believes to be", async () => {
  const zones = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia"];
  const all = await Promise.all(zones.map(rowsIn));
  // Each process did believe it: its own midnight is another one.
  expect(new Set(all.map(({ local }) => local)).size).toBe(zones.length);
  expect(all[0]!.rows.split("\n").length).toBeGreaterThan(500);
  for (const { rows } of all) expect(rows).toBe(all[0]!.rows);
});
