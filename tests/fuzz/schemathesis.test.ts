import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pythonWith } from "../bench/peers/peer.ts";
import { isFull } from "../support/effort.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, fill, urlOf } from "../support/service.ts";

// Schemathesis reads the document of a running service and asks for all that it allows, and for what it does
// not. It takes a Python and minutes, so it is part of the long form alone; what it ever found has a test
// of its own beside the code.

const VERSION = "4.32.5";

/** Of each route. Some minutes for both services. */
const EXAMPLES = 300;

const SEED = 7;

setDefaultTimeout(900_000);

/** Streams, which are not asked for; a notifier that is not there, and signing in without the token. */
const UNTAKEN: ReadonlySet<string> = new Set(["/stream", "/tap", "/alerts/test", "/login"]);

const CONFIG = `
import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";

export default defineConfig({
  rules: { per_second: { window: tumbling("1s"), aggregate: eventFunction() } },
  sinks: { rows: sqlite({ path: "rows.sqlite" }) },
  time: { outOfOrderness: "0s", idleTimeout: "1s" },
  backup: { to: "backups", every: "1h" },
  status: { host: process.env.HOST ?? "127.0.0.1", port: 0 },
});
`;

const reports = mkdtempSync(join(tmpdir(), "schemathesis-"));

afterAll(() => rmSync(reports, { recursive: true, force: true }));

test.skipIf(!isFull).each(["open", "token"])(
  "a service that is %s answers whatever it is asked as its document says",
  async (access) => {
    const python = await pythonWith("schemathesis", VERSION);
    await using aggregator = await installExecutable();
    await configure(aggregator, CONFIG);
    const isOpen = access === "open";
    const running = aggregator.spawn(["run"], { env: isOpen ? {} : { HOST: "0.0.0.0" } });
    const url = await urlOf(running);
    const token = isOpen ? undefined : (await running.waitFor(/token\s+(\S+)/))[1]!;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    await fill(url, headers);
    const { code, output } = await fuzz(python, url, token);
    expect(code, output).toBe(0);
    // Whatever was published, every event is accounted for.
    const ledger = await fetch(`${url}/ledger`, { headers });
    expect(await ledger.json()).toMatchObject({ balanced: true });
    // It was no row of refusals at the door: of each route some were taken.
    expect(await neverTaken(url, headers)).toEqual([]);
    const { stderr } = await running.stop();
    expect(stderr).not.toContain("A request failed.");
  },
);

test.skipIf(!isFull)("a bus that is alone does so, too", async () => {
  const python = await pythonWith("schemathesis", VERSION);
  await using aggregator = await installExecutable();
  const running = aggregator.spawn(["bus", "--port", "0"]);
  const [, url] = await running.waitFor(/listens on (\S+)/);
  const { code, output } = await fuzz(python, url!, undefined);
  expect(code, output).toBe(0);
  const { stderr } = await running.stop();
  expect(stderr).not.toContain("A request failed.");
});

/** Routes that no request was taken by, as the service counted them. */
async function neverTaken(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<string[]> {
  const document = await (await fetch(`${url}/openapi.json`, { headers })).json();
  const { paths } = document as { readonly paths: Readonly<Record<string, object>> };
  const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
  const taken = [...metrics.matchAll(/^aggregator_http_requests_total\{(.*)status="2xx"\} /gm)];
  const isTaken = (path: string): boolean =>
    taken.some(([, labels]) => labels!.includes(`route="${path}"`));
  return Object.keys(paths).filter((path) => !isTaken(path) && !UNTAKEN.has(path));
}

async function fuzz(
  python: string,
  url: string,
  token: string | undefined,
): Promise<{ readonly code: number; readonly output: string }> {
  const options: Readonly<Record<string, string>> = {
    seed: String(SEED),
    "max-examples": String(EXAMPLES),
    phases: "examples,coverage,fuzzing",
    // Their answers have no end.
    "exclude-path-regex": "^/(stream|tap)$",
    "request-timeout": "10",
    "generation-database": "none",
    ...(token === undefined ? {} : { header: `Authorization: Bearer ${token}` }),
  };
  const child = Bun.spawn(
    [
      join(dirname(python), "schemathesis"),
      "--config-file",
      join(import.meta.dir, "schemathesis.toml"),
      "run",
      `${url}/openapi.json`,
      "--continue-on-failure",
      "--no-color",
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ],
    {
      cwd: reports,
      env: { ...process.env, SCHEMATHESIS_HOOKS: "hooks", PYTHONPATH: import.meta.dir },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const output = await new Response(child.stdout).text();
  return { code: await child.exited, output };
}
