import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

async function check(...words: string[]): Promise<string> {
  const { terminal, written } = captureTerminal();
  const context = { terminal, env: { STORAGE_TYPE: "stdout" }, cwd: import.meta.dir };
  expect(await main(["check", ...words], context)).toBe(0);
  return written.stdout;
}

test("check tells the alerts of the file one by one, and those of the program by name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "check-alerts-"));
  try {
    const path = join(folder, "aggregator.config.ts");
    writeFileSync(
      path,
      `import { defineConfig, rowValue, slack } from "aggregator";
       export default defineConfig({
         notifiers: { ops: slack({ url: "https://hooks.example/s3cret" }) },
         alerts: {
           hot: { when: rowValue({ name: "pump.*", function: "max", above: 90, until: 80 }), for: "5m" },
           disk_nearly_full: "off",
         },
       });`,
    );
    const text = await check("-c", path);
    expect(text).toContain(
      "  alert   hot: max of pump.* above 90 until 80 for 5m (warning) to ops\n",
    );
    expect(text).toContain(
      "  alerts  of the program: source_down, sink_down, outbox_filling, events_lost,",
    );
    expect(text).not.toContain("disk_nearly_full");
    expect(text).toContain("  notify  ops: slack\n");
    const json = await check("-c", path, "--json");
    expect(json).not.toContain("s3cret");
    const { alerts, notifiers } = JSON.parse(json) as Record<string, { name: string }[]>;
    expect(alerts!.at(-1)).toEqual({
      name: "hot",
      when: "max of pump.* above 90 until 80",
      for: "5m",
      severity: "warning",
      notify: ["ops"],
      builtIn: false,
    } as never);
    expect(notifiers).toEqual([{ name: "ops", kind: "slack" }] as never);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("check says no lateness as 0s to a program, and not at all to a person", async () => {
  expect(JSON.parse(await check("--json"))).toMatchObject({ rules: [{ allowedLateness: "0s" }] });
  expect(await check()).not.toContain("late");
});
