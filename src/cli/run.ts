import { loadConfig } from "../config/load.ts";
import { configArg } from "./args.ts";
import { defineCommand } from "./command.ts";
import { EXIT } from "./exit.ts";
import { logLevelOf, openLog } from "./log.ts";
import { runService } from "./service.ts";
import { stopSignal } from "./stop-signal.ts";

export const run = defineCommand({
  name: "run",
  summary: "Run the service: read events, aggregate them, write the rows",
  args: { config: configArg },
  examples: [
    { line: "aggregator run", does: "With aggregator.config.ts here, or the environment alone" },
    { line: "aggregator run -c plant-7.config.ts", does: "With another configuration" },
    {
      line: "VABUS_URL=http://bus:8000 STORAGE_TYPE=stdout aggregator run",
      does: "With no file: read from a bus, print the rows",
    },
  ],
  async run({ config }, { terminal, env, cwd }) {
    const settings = await loadConfig({ path: config, cwd, env });
    terminal.hide(settings.secrets);
    const logger = openLog(terminal, logLevelOf(env));
    await runService(settings, { terminal, logger, stop: stopSignal(logger) });
    return EXIT.ok;
  },
});
