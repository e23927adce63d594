import { loadConfig } from "../config/load.ts";
import type { Logger } from "../core/logger.ts";
import type { Settings } from "../core/settings.ts";
import { configArg } from "./args.ts";
import { defineCommand } from "./command.ts";
import { Doorbell } from "./doorbell.ts";
import { EXIT } from "./exit.ts";
import { openLog } from "./log.ts";
import { levelChoiceOf, logLevelArg } from "./log-level.ts";
import { runService } from "./service.ts";
import { stopSignal } from "./stop-signal.ts";

/** A variable that a person set and that changes nothing would be searched for in vain. */
function sayIgnored({ ignoredVariables = [], origin }: Settings, logger: Logger): void {
  if (ignoredVariables.length === 0) return;
  logger.warn(
    "Some variables of the environment change nothing: the configuration says it itself.",
    {
      variables: ignoredVariables,
      configuration: origin,
    },
  );
}

export const run = defineCommand({
  name: "run",
  summary: "Run the service: read events, aggregate them, write the rows",
  args: { config: configArg, "log-level": logLevelArg },
  failsWhen: "some part cannot go on",
  examples: [
    { line: "aggregator run", does: "With aggregator.config.ts here, or the environment alone" },
    { line: "aggregator run -c plant-7.config.ts", does: "With another configuration" },
    {
      line: "VABUS_URL=http://bus:8000 STORAGE_TYPE=stdout aggregator run",
      does: "With no file: read from a bus, print the rows",
    },
  ],
  async run({ config, "log-level": level }, { terminal, env, cwd }) {
    const chosen = levelChoiceOf(level, env);
    const load = async (): Promise<Settings> => {
      const loaded = await loadConfig({ path: config, cwd, env });
      terminal.hide(loaded.secrets);
      return loaded;
    };
    const settings = await load();
    const logger = openLog(terminal, { chosen, settings: settings.log });
    sayIgnored(settings, logger);
    const asked = new Doorbell();
    const stop = stopSignal(logger, () => asked.ring());
    await runService(settings, { terminal, logger, stop, reload: { load, asked } });
    return EXIT.ok;
  },
});
