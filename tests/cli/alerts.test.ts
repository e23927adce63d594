import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { main } from "../../src/cli/main.ts";
import type { AlertReport } from "../../src/pipeline/view.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

async function run(...words: string[]) {
  const { terminal, written } = captureTerminal();
  const code = await main(["alerts", ...words], { terminal, env: {}, cwd: tmpdir() });
  return { code, ...written };
}

/** A service that answers so, and what it was asked. */
function serviceOf(answer: unknown) {
  const asked: { method: string; path: string; body: string }[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname: path } = new URL(request.url);
      asked.push({ method: request.method, path, body: await request.text() });
      return Response.json(answer);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

const none: AlertReport = { alerts: [], resolved: [], silences: [], rules: [], notifiers: [] };

describe("aggregator alerts", () => {
  test.each([
    [
      ["lst"],
      'Unknown action "lst": must be one of list, silence, unsilence, test, did you mean list?',
    ],
    [["silence", "--name", "a"], "Cannot silence: say what by --name, and how long by --for"],
    [["unsilence"], "Cannot end silences: say which ones, by --name or by --id"],
    [["unsilence", "--name", "a", "--id", "b"], "Cannot end silences"],
    [["test"], "Cannot test: say which notifier, by --notifier"],
    [["list", "--name", "a"], "Option --name does not go with list"],
    [
      ["silence", "http://x:1", "--name", "a", "--for", "1h", "--label", "host"],
      'Cannot take "host" for --label: must be name=value',
    ],
  ])("%j is a mistake", async (words, message) => {
    const { code, stderr } = await run(...words);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test("list says that all is well, or what is not", async () => {
    using quiet = serviceOf(none);
    expect((await run("list", quiet.url)).stdout).toBe("No alert is pending or fires\n");
    const now = Date.now() / 1000;
    using loud = serviceOf({
      ...none,
      alerts: [
        {
          name: "sink_down",
          state: "firing",
          severity: "critical",
          since: now - 180,
          clock: "processing",
          value: 1,
          labels: { sink: "a" },
          summary: "Sink a cannot be reached",
          description: "not told here",
          silenced: true,
          flapping: true,
        },
      ],
      silences: [
        {
          id: "1f",
          name: "sink_down",
          labels: { sink: "a" },
          since: 0,
          until: 1_700_000_000,
          comment: "up\nfaked",
        },
      ],
      notifiers: [
        {
          name: "ops",
          kind: "slack",
          sent: 0,
          errors: 1,
          dropped: 0,
          waiting: 2,
          problem: "status 500",
        },
      ],
    } satisfies AlertReport);
    const { stdout } = await run("list", loud.url);
    expect(stdout).toMatch(
      /^firing {3}critical sink_down {2}Sink a cannot be reached {2}\(for 3m(?: \ds)?, silenced, flapping\)\n/,
    );
    expect(stdout).toContain(
      "silence  1f sink_down sink=a until 2023-11-14T22:13:20Z  (up\\u000afaked)\n",
    );
    expect(stdout).toContain("notifier ops: status 500 (2 waiting)\n");
    const { stdout: json } = await run("list", loud.url, "--json");
    expect(JSON.parse(json)).toMatchObject({ alerts: [{ name: "sink_down" }] });
  });

  test("silence and unsilence ask the service", async () => {
    const silence = {
      id: "1f",
      name: "a",
      labels: {},
      since: 0,
      until: 1_700_000_000,
      comment: "",
    };
    using service = serviceOf({ ...silence, removed: 2 });
    const words = ["--name", "a", "--label", "host=x=y,zone=1", "--for", "2h", "--comment", "why"];
    const { stdout } = await run("silence", service.url, ...words);
    expect(stdout).toBe("Silenced until 2023-11-14T22:13:20Z, as 1f\n");
    expect((await run("unsilence", service.url, "--id", "1f")).stdout).toBe("2 ended\n");
    expect(service.asked.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      [
        "/alerts/silence",
        { name: "a", labels: { host: "x=y", zone: "1" }, for: "2h", comment: "why" },
      ],
      ["/alerts/unsilence", { id: "1f" }],
    ]);
  });
});
