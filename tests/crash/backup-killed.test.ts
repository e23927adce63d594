import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { installExecutable } from "../support/executable.ts";
import { configure, startService } from "../support/service.ts";

// The service is killed in the middle of the backup that it makes.

setDefaultTimeout(60_000);

const configOf = (backup: string): string => `
import { defineConfig, eventFunction, tumbling } from "aggregator";

export default defineConfig({
  name: "plant-7",
  rules: { hourly: { window: tumbling("1h"), aggregate: eventFunction() } },
  ${backup}
  status: { port: 0 },
});
`;

/** Journal enough that to copy it takes a while. */
const POSTS = 40;

test("half a backup is none, and goes with the next one", async () => {
  await using aggregator = await installExecutable();
  await configure(aggregator, configOf(""));
  const filling = await startService(aggregator);
  const padding = "x".repeat(500);
  for (let post = 0; post < POSTS; post++) {
    const line = JSON.stringify({ name: padding, value: 1, timestamp: 1_700_000_000 + post });
    const body = `${line}\n`.repeat(1_500);
    const answer = await fetch(`${filling.url}/vabus/events`, { method: "POST", body });
    expect(answer.status).toBe(202);
  }
  await filling.running.stop();

  await configure(aggregator, configOf('backup: { every: "1h", to: "backups" },'));
  const place = join(aggregator.folder, "backups");
  const namesIn = (): string[] => (existsSync(place) ? readdirSync(place) : []);
  const dying = aggregator.spawn(["run"]);
  while (namesIn().length === 0) await Bun.sleep(1);
  await dying.stop("SIGKILL");
  const [half] = namesIn();
  expect(readdirSync(join(place, half!))).not.toContain("manifest.json");

  const verified = await aggregator.run(["backup", "--verify", place]);
  expect(verified.code).toBe(1);
  expect(verified.stderr).toContain('Cannot find a whole backup of pipeline "plant-7"');
  const restored = await aggregator.run(["restore", place, "--to", "restored"]);
  expect(restored.code).toBe(1);
  expect(existsSync(join(aggregator.folder, "restored"))).toBe(false);

  const { running } = await startService(aggregator);
  await running.waitFor(/A backup was made/);
  expect(running.written.stderr).toContain("Half a backup was removed");
  expect(namesIn()).toHaveLength(1);
  expect(namesIn()).not.toContain(half!);
  const whole = await aggregator.run(["backup", "--verify", place]);
  expect(whole).toMatchObject({ code: 0 });
  expect(whole.stdout).toContain(`journal       ${POSTS * 1_500} events`);
  expect((await running.stop()).code).toBe(0);
});
