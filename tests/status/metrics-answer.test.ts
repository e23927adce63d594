import { describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/core/logger.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { fakeView } from "./fake-view.ts";

async function answerTo(accept: string | undefined): Promise<[type: string | null, body: string]> {
  const view = fakeView({ prometheus: async (format) => `asked for ${format}\n` });
  const app = createStatusApp({ view, access: { mode: "open" }, logger: silentLogger });
  const headers = accept === undefined ? {} : { accept };
  const answer = await app.request("/metrics", { headers });
  expect(answer.headers.get("vary")).toBe("accept");
  return [answer.headers.get("content-type"), await answer.text()];
}

const PLAIN: [string, string] = [
  "text/plain; version=0.0.4; charset=utf-8",
  "asked for prometheus\n",
];
const OPEN: [string, string] = [
  "application/openmetrics-text; version=1.0.0; charset=utf-8",
  "asked for openmetrics\n",
];

describe("GET /metrics", () => {
  test.each([
    ["nothing said", undefined, PLAIN],
    ["curl", "*/*", PLAIN],
    ["a browser", "text/html,application/xhtml+xml,*/*;q=0.8", PLAIN],
    [
      "Prometheus 2.42",
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      OPEN,
    ],
    [
      "Prometheus 3",
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
      OPEN,
    ],
    [
      "OpenMetrics of a version that we do not write",
      "application/openmetrics-text;version=2.0.0",
      PLAIN,
    ],
    ["plain text preferred", "application/openmetrics-text;q=0.2,text/plain", PLAIN],
    ["OpenMetrics refused", "application/openmetrics-text;q=0,*/*", PLAIN],
  ] as const)("%s", async (_, accept, wanted) => {
    expect(await answerTo(accept)).toEqual(wanted);
  });
});
