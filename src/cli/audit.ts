import { loadConfig } from "../config/load.ts";
import { holdsLedger, storedLedger } from "../pipeline/stored-ledger.ts";
import type { LedgerReport } from "../pipeline/view.ts";
import { sealOf } from "../state/seal.ts";
import { StoredState } from "../state/stored-state.ts";
import { configArg, jsonArg } from "./args.ts";
import { askService } from "./ask-service.ts";
import { auditLines } from "./audit/lines.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { type Connection, connectionArgs, connectionOf } from "./connection.ts";
import { EXIT } from "./exit.ts";
import { painter } from "./screen/styles.ts";

export const audit = defineCommand({
  name: "audit",
  summary: "Account for every event received; exit 1 when it does not balance",
  details: [
    "Every event received has become one of these: aggregated, filtered, duplicate, late, future, invalid or",
    "over_limit; those that none became are not shown. Beside the balance: late_partial (too late for some of its",
    "windows), replayed (again from the dead letters), gaps (thrown away by the bus before they were read),",
    "tombstones (records without a value).",
  ],
  args: {
    url: {
      type: "positional",
      required: false,
      description: "A running service. Default: the state of the configuration, as last written",
    },
    config: configArg,
    ...connectionArgs,
    json: jsonArg,
  },
  failsWhen: "the ledger does not balance",
  examples: [
    { line: "aggregator audit", does: "What the state here says, whether the service runs or not" },
    {
      line: "AGGREGATOR_TOKEN=… aggregator audit http://plant-7:8000",
      does: "What a running service says this very moment",
    },
  ],
  async run({ url, config, json, ...connection }, context) {
    const { terminal } = context;
    const report =
      url === undefined
        ? await ofState(config, context)
        : await ofService(url, connectionOf(connection, context));
    const isRight =
      report.balanced && Object.values(report.rules).every(({ balanced }) => balanced);
    if (json) terminal.print(JSON.stringify(report));
    else terminal.printStyled(auditLines(report, painter(terminal.printsColours)).join("\n"));
    if (!isRight) {
      terminal.say(
        "The ledger does not balance: this is a fault of the program; keep the state, and report it",
      );
    }
    return isRight ? EXIT.ok : EXIT.failed;
  },
});

async function ofService(base: string, connection: Connection): Promise<LedgerReport> {
  // The shape of `/ledger` is public.
  return (await askService({ base, path: "/ledger", ...connection })) as LedgerReport;
}

async function ofState(
  path: string | undefined,
  { terminal, env, cwd }: CommandContext,
): Promise<LedgerReport> {
  const settings = await loadConfig({ path, cwd, env });
  terminal.hide(settings.secrets);
  const { name: pipeline, state } = settings;
  const stored = StoredState.read({ dir: state.dir, pipeline, seal: sealOf(state.key) });
  try {
    return storedLedger(stored.pages(holdsLedger));
  } finally {
    stored.close();
  }
}
