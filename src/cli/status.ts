import { millisOf, parseDuration, secondsOf } from "../core/time.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { configArg, jsonArg } from "./args.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { connectionArgs } from "./connection.ts";
import { EXIT, type ExitCode, UsageError } from "./exit.ts";
import { painter } from "./screen/styles.ts";
import { addressOf, type ServiceAddress } from "./service-address.ts";
import { jsonOf } from "./status/lines.ts";
import { isWell, lookAt } from "./status/look.ts";
import { renderStatus } from "./status/render.ts";
import { watchStatus } from "./status/watch.ts";

/** Oftener than a person can read, and no load for the service. */
const EVERY_MS_MIN = 100;

export const status = defineCommand({
  name: "status",
  summary: "Show the state of a running service; exit 1 when it is not well",
  details: [
    "Exit code 0: it runs, and nothing troubles it; 1: it is degraded (paused, a source or sink that is away,",
    "a full disk), or cannot be reached. With --watch it is that of the last look.",
    "--watch takes the whole screen of a terminal: q or Ctrl+C gives it back; arrows, PgUp, PgDn, Home and End move",
    "what does not fit. Elsewhere it prints a line each time, with --json an object. A service that is away is asked",
    "again.",
  ],
  args: {
    url: {
      type: "positional",
      required: false,
      description: "A running service. Default: that of the configuration",
    },
    config: configArg,
    ...connectionArgs,
    watch: { type: "boolean", alias: "w", description: "Look again and again, until q or Ctrl+C" },
    every: {
      type: "string",
      valueHint: "duration",
      default: "1s",
      description: "Watch: how often",
    },
    json: jsonArg,
  },
  failsWhen: "the service is degraded or cannot be reached",
  examples: [
    { line: "aggregator status", does: "The service that is configured here" },
    {
      line: "aggregator status http://plant-7:8000 --watch",
      does: "Another one, live",
    },
    {
      line: "aggregator status --json | jq .watermark_lag_seconds",
      does: "One number out of it",
    },
    {
      line: "aggregator status --watch --every 10s >> status.log",
      does: "A line every ten seconds",
    },
  ],
  async run({ url, config, watch, every, json, ...connection }, context): Promise<ExitCode> {
    const everyMs = everyOf(every);
    const address = await addressOf({ url, config, connection, context });
    if (watch) return await watchStatus(address, { everyMs, json, context });
    return await once(address, json, context);
  },
});

async function once(
  address: ServiceAddress,
  json: boolean,
  { terminal }: CommandContext,
): Promise<ExitCode> {
  const look = await lookAt(address, secondsOf(realClock.now()));
  if (json) terminal.print(jsonOf(look, { url: address.base }));
  else if (look.kind === "unseen") terminal.say(`aggregator: ${look.error}`);
  else {
    const { columns } = terminal.printedSize;
    const paint = painter(terminal.printsColours);
    terminal.printStyled(renderStatus(look, { url: address.base, columns, paint }).join("\n"));
  }
  return isWell(look) ? EXIT.ok : EXIT.failed;
}

function everyOf(text: string): number {
  const every = parseDuration(text);
  if (every === undefined || millisOf(every) < EVERY_MS_MIN) {
    throw new UsageError(
      `Cannot take "${text}" for --every: must be a duration of ${EVERY_MS_MIN}ms at least, such as 2s`,
    );
  }
  return millisOf(every);
}
