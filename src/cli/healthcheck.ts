import { messageOf } from "../core/errors.ts";
import { tlsInit } from "../sources/vabus/tls.ts";
import { configArg, jsonArg } from "./args.ts";
import { urlOf } from "./ask-service.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { type ConnectionValues, connectionArgs, connectionOf } from "./connection.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { addressOf } from "./service-address.ts";
import { serviceUrl } from "./service-url.ts";

/** Shorter than what a container runtime waits, so that the reason is still said. */
const TIMEOUT_MS = 4_000;

const HEALTH_PATH = "/healthz";

/** For container runtimes: the image needs no other program to ask the service how it is. */
export const healthcheck = defineCommand({
  name: "healthcheck",
  summary: "Ask a running service whether it is alive; exit 1 when it is not",
  args: {
    url: {
      type: "positional",
      required: false,
      description:
        "Base URL of the service. Default: that of --config, else this machine, at HOST and PORT, or 8000. A " +
        "service without PORT that found 8000 taken serves on the next free port: it says so at its start; " +
        "name its URL then",
    },
    config: {
      ...configArg,
      description:
        "Ask the service of this configuration where it listens, with TLS, too. It is not looked for",
    },
    ca: connectionArgs.ca,
    cert: connectionArgs.cert,
    key: connectionArgs.key,
    json: jsonArg,
  },
  failsWhen: "the service is not alive",
  examples: [
    { line: "aggregator healthcheck", does: "Ask the service on this machine" },
    {
      line: "aggregator healthcheck http://plant-7:8000",
      does: "Ask another one",
    },
    {
      line: "aggregator healthcheck -c /etc/aggregator/aggregator.config.ts",
      does: "Ask the one of a configuration",
    },
    {
      line: "aggregator healthcheck https://localhost:8000 --ca ca.pem",
      does: "Ask one with TLS",
    },
  ],
  async run({ url, config, json, ...files }, context) {
    const { terminal } = context;
    const { asked, tls } = await targetOf({ url, config, files }, context);
    const failed = (error: string): ExitCode => {
      if (json) terminal.print(JSON.stringify({ status: "away", error }));
      else terminal.say(error);
      return EXIT.failed;
    };
    try {
      const response = await fetch(asked, { signal: AbortSignal.timeout(TIMEOUT_MS), ...tls });
      const body = await response.text();
      if (!response.ok) {
        return failed(`Service at ${asked.host} answers with status ${response.status}: ${body}`);
      }
      terminal.print(body.trim());
      return EXIT.ok;
    } catch (thrown) {
      return failed(`Cannot reach the service at ${asked.host}: ${messageOf(thrown)}`);
    }
  },
});

interface Target {
  readonly asked: URL;
  /** What `fetch` is told of certificates. */
  readonly tls: RequestInit;
}

async function targetOf(
  values: {
    readonly url: string | undefined;
    readonly config: string | undefined;
    readonly files: ConnectionValues;
  },
  context: CommandContext,
): Promise<Target> {
  const { url, config, files } = values;
  if (url !== undefined || config === undefined) {
    const { tls } = connectionOf(files, context);
    const asked = urlOf({ base: url ?? ownAddress(context.env), path: HEALTH_PATH });
    return { asked, tls: tls === undefined ? {} : tlsInit(tls) };
  }
  const { base, tls } = await addressOf({ url, config, connection: files, context });
  const init = tls === undefined ? {} : tlsInit(tls);
  const asked = urlOf({ base, path: HEALTH_PATH });
  if (files.ca !== undefined) return { asked, tls: init };
  // It listens on this machine, is sent no secret and asked for none; its certificate names it as others call
  // it, not as this machine does, and its authority may be known to them alone.
  const own = (init as { tls?: object }).tls;
  return { asked, tls: { tls: { ...own, rejectUnauthorized: false } } as RequestInit };
}

/** A service that listens on every address is asked on the loopback one. */
function ownAddress(env: Readonly<Record<string, string | undefined>>): string {
  return serviceUrl(env["HOST"] ?? "127.0.0.1", env["PORT"] ?? "8000");
}
