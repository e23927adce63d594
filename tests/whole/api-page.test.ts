import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { API_PAGE } from "../support/api-page.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, publish, startService } from "../support/service.ts";

// Who copies a command of docs/api.md gets an answer, not an error of the request.

const RUN_MS = 120_000;

const CONFIG = `
import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";

export default defineConfig({
  rules: { per_minute: { window: tumbling("1m"), aggregate: eventFunction() } },
  sinks: { rows: sqlite({ path: "rows.sqlite" }) },
  backup: { to: "backups", every: "1h" },
  status: { port: 0 },
});
`;

/** What the examples name, and this service has not. */
const MISSING: Readonly<Record<string, number>> = {
  "POST /alerts/silence": 409,
  "POST /alerts/test": 409,
  "POST /login": 409,
};

/** The status of the answer to a command of the page. */
function statusOf(command: string, url: string): number {
  const [, method = "GET"] = /-X (\w+)/.exec(command) ?? [];
  const [, target] = /(localhost:8000[^\s']*)/.exec(command)!;
  // The streams among them have no end.
  const asked = command
    .replace("localhost:8000", url)
    .replace(/^curl/, "curl -s -m 3 -o /dev/null -w '%{http_code}'");
  const { stdout } = Bun.spawnSync(["sh", "-c", asked]);
  const status = Number(stdout.toString());
  const { pathname } = new URL(`http://${target}`);
  return status === MISSING[`${method} ${pathname}`] ? 200 : status;
}

test(
  "every command of docs/api.md is answered",
  async () => {
    await using aggregator = await installExecutable();
    await configure(aggregator, CONFIG);
    const { running, url } = await startService(aggregator);
    // For the command that takes one away.
    const now = Math.floor(Date.now() / 1000);
    await publish(url, [{ name: "cpu", value: 1, timestamp: now }]);
    const page = readFileSync(API_PAGE, "utf8");
    const commands = [...page.matchAll(/^```sh\n(curl .*)\n```$/gm)].map(([, command]) => command!);
    expect(commands.length).toBeGreaterThan(25);
    const wrong = commands
      .map((command) => [command, statusOf(command, url)] as const)
      .filter(([, status]) => status < 200 || status > 299);
    expect(wrong).toEqual([]);
    await running.stop();
  },
  RUN_MS,
);
