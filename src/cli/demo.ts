import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { resolveConfig } from "../config/resolve.ts";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { secondsOf } from "../core/time.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { defineCommand } from "./command.ts";
import { MachineMeter } from "./demo/machine.ts";
import { tableSink } from "./demo/table-sink.ts";
import { EXIT } from "./exit.ts";
import { openLog } from "./log.ts";
import { runService } from "./service.ts";
import { stopSignal } from "./stop-signal.ts";
import type { Terminal } from "./terminal.ts";

const MEASURE_EVERY_MS = 500;

/** Beside the state of a real service, never in it. */
const DEMO_FOLDER = "aggregator-demo";

/** Short, so that a person sees results before the coffee is cold. */
const WINDOW_SECONDS = "10";

/** The service on its embedded default, fed with measurements of this very machine. */
export const demo = defineCommand({
  name: "demo",
  summary: "Run the service on this machine's own CPU, memory, disk and network",
  args: {},
  failsWhen: "some part cannot go on",
  examples: [{ line: "aggregator demo", does: "See real events aggregated; Ctrl+C ends it" }],
  async run(_values, { terminal, env, cwd }) {
    const settings = demoSettings(env, cwd, terminal);
    // A person watches: what is normal need not be said.
    const logger = openLog(terminal, { chosen: { level: "warn" } });
    await runService(settings, {
      terminal,
      logger,
      stop: stopSignal(logger),
      around: (url, signal) => {
        sayWhereToLook(url, settings, terminal);
        return produce(url, { terminal, clock: realClock, signal });
      },
    });
    return EXIT.ok;
  },
});

/** The defaults, whatever configuration lies here, in a folder of its own. */
function demoSettings(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  terminal: Terminal,
): Settings {
  const dir = join(cwd, DEMO_FOLDER);
  mkdirSync(dir, { recursive: true });
  const { HOST, PORT } = env;
  const settings = resolveConfig(
    {},
    {
      origin: "the demo",
      dir,
      cwd: dir,
      env: { HOST, PORT, AGGREGATION_INTERVAL: WINDOW_SECONDS },
    },
  );
  const table = tableSink((line) => terminal.print(line));
  return {
    ...settings,
    name: "demo",
    sinks: [...settings.sinks, table],
    rules: settings.rules.map((rule) => ({ ...rule, to: [...rule.to, table.name] })),
  };
}

/** Measures and publishes, over HTTP like any producer, until `signal` aborts. */
async function produce(
  url: string,
  { terminal, clock, signal }: { terminal: Terminal; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const meter = new MachineMeter();
  while (!signal.aborted) {
    await clock.sleep(MEASURE_EVERY_MS, signal);
    if (signal.aborted) return;
    const body = JSON.stringify(meter.measure(secondsOf(clock.now())));
    try {
      const answer = await fetch(`${url}/vabus/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal,
      });
      if (!answer.ok) terminal.say(`The bus answers ${answer.status}: ${await answer.text()}`);
    } catch (failure) {
      if (!signal.aborted) terminal.say(`Cannot publish: ${messageOf(failure)}`);
    }
  }
}

function sayWhereToLook(url: string, settings: Settings, terminal: Terminal): void {
  terminal.say("");
  terminal.say("Measuring CPU, memory, disk and network of this machine twice a second.");
  terminal.say(`The first window of ${WINDOW_SECONDS} s closes in a moment. Meanwhile, elsewhere:`);
  terminal.say(`  ${url}/                all of it, in a browser`);
  terminal.say(`  curl ${url}/status     what runs, and how far it is`);
  terminal.say(`  curl ${url}/windows    the windows that are open now`);
  terminal.say(
    `  curl ${url}/vabus/events -d '{"name":"tea","value":1,"timestamp":'$(date +%s)'}'`,
  );
  const sink = settings.sinks[0];
  if (sink !== undefined) {
    terminal.say(
      `Rows are kept in ${sink.definition.describe(sink.options)}. Ctrl+C ends the demo.`,
    );
  }
  terminal.say("");
}
