import { messageOf } from "../core/errors.ts";
import { tlsInit } from "../sources/vabus/tls.ts";
import { defineCommand } from "./command.ts";
import { connectionArgs, connectionOf } from "./connection.ts";
import { EXIT, UsageError } from "./exit.ts";
import { serviceUrl } from "./service-url.ts";

/** Shorter than what a container runtime waits, so that the reason is still said. */
const TIMEOUT_MS = 4_000;

/** For container runtimes: the image needs no other program to ask the service how it is. */
export const healthcheck = defineCommand({
  name: "healthcheck",
  summary: "Ask a running service whether it is alive; exit 1 when it is not",
  args: {
    url: {
      type: "positional",
      required: false,
      description:
        "Base URL of the service. Default: this machine, at HOST and PORT, or 8000. A service without PORT " +
        "that found 8000 taken serves on the next free port: it says so at its start; name its URL then, " +
        "and with status.tls name https://…",
    },
    ca: connectionArgs.ca,
    cert: connectionArgs.cert,
    key: connectionArgs.key,
  },
  failsWhen: "the service is not alive",
  examples: [
    { line: "aggregator healthcheck", does: "Ask the service on this machine" },
    {
      line: "aggregator healthcheck http://plant-7:8000",
      does: "Ask another one",
    },
    {
      line: "aggregator healthcheck https://localhost:8000 --ca ca.pem",
      does: "Ask one with TLS",
    },
  ],
  async run({ url, ...files }, context) {
    const { terminal, env } = context;
    const { tls } = connectionOf(files, context);
    const asked = healthUrl(url ?? ownAddress(env));
    try {
      const response = await fetch(asked, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(tls === undefined ? {} : tlsInit(tls)),
      });
      const body = await response.text();
      if (!response.ok) {
        terminal.say(`Service at ${asked.host} answers with status ${response.status}: ${body}`);
        return EXIT.failed;
      }
      terminal.print(body.trim());
      return EXIT.ok;
    } catch (thrown) {
      terminal.say(`Cannot reach the service at ${asked.host}: ${messageOf(thrown)}`);
      return EXIT.failed;
    }
  },
});

/** A service that listens on every address is asked on the loopback one. */
function ownAddress(env: Readonly<Record<string, string | undefined>>): string {
  return serviceUrl(env["HOST"] ?? "127.0.0.1", env["PORT"] ?? "8000");
}

function healthUrl(base: string): URL {
  const url = URL.parse(`${base.replace(/\/$/, "")}/healthz`);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new UsageError(`Cannot ask "${base}": must be a URL such as http://plant-7:8000`);
}
