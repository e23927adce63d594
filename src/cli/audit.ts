import { loadConfig } from "../config/load.ts";
import { emptyLedger, type LedgerCounts } from "../core/ledger.ts";
import { holdsLedger, storedLedger } from "../pipeline/stored-ledger.ts";
import type { LedgerReport } from "../pipeline/view.ts";
import { sealOf } from "../state/seal.ts";
import { StoredState } from "../state/stored-state.ts";
import { configArg, jsonArg } from "./args.ts";
import { askService } from "./ask-service.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { type Connection, connectionArgs, connectionOf } from "./connection.ts";
import { EXIT } from "./exit.ts";

export const audit = defineCommand({
  name: "audit",
  summary: "Account for every event received; exit 1 when it does not balance",
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
    terminal.print(json ? JSON.stringify(report) : tableOf(report));
    if (!isRight) terminal.say("The ledger does not balance: some events are not accounted for");
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

/** Counts beside the balance stand below a line. */
const BESIDE: readonly string[] = ["late_partial", "replayed", "gaps", "tombstones"];

function tableOf({ balanced, rules, ...all }: LedgerReport): string {
  const columns: [title: string, counts: Readonly<LedgerCounts> & { balanced: boolean }][] = [
    ["pipeline", { ...all, balanced }],
    ...Object.entries(rules),
  ];
  const names = Object.keys(emptyLedger()) as (keyof LedgerCounts)[]; // it has no others
  const counted = (name: keyof LedgerCounts): string[] => [
    name,
    ...columns.map(([, counts]) => String(counts[name] ?? 0)),
  ];
  const lines = [
    ["", ...columns.map(([title]) => title)],
    ...names.filter((name) => !BESIDE.includes(name)).map(counted),
    ["balance", ...columns.map(([, counts]) => (counts.balanced ? "right" : "WRONG"))],
    [],
    ...names.filter((name) => BESIDE.includes(name)).map(counted),
  ];
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
