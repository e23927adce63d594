import { loadConfig } from "../config/load.ts";
import type { Settings } from "../core/settings.ts";
import { locateBackup } from "../state/backup/locate.ts";
import { takeBackup } from "../state/backup/take.ts";
import type { BackupTarget } from "../state/backup/target.ts";
import { verifyBackup } from "../state/backup/verify.ts";
import { sealOf } from "../state/seal.ts";
import { configArg, jsonArg } from "./args.ts";
import { backupOf, journalOf, targetOf } from "./backup-target.ts";
import { defineCommand } from "./command.ts";
import { EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

export const backup = defineCommand({
  name: "backup",
  summary: "Copy the state somewhere safe, also while the service runs",
  args: {
    target: {
      type: "positional",
      required: false,
      description:
        "Folder or s3://bucket/prefix of the backups. Default: backup.to of the configuration",
    },
    config: configArg,
    verify: { type: "boolean", description: "Make none; check the newest, or the one named" },
    json: jsonArg,
  },
  completes: { target: "folder" },
  failsWhen: "it cannot be made; with `--verify`, it is not whole",
  examples: [
    { line: "aggregator backup /srv/backups", does: "A folder of its own below this one" },
    { line: "aggregator backup s3://plant/aggregator", does: "To a bucket; AWS_… say how" },
    {
      line: "aggregator backup --verify /srv/backups",
      does: "Whether the newest one could be restored; exit 1 when not",
    },
  ],
  async run({ target: to, config, verify, json }, { terminal, env, cwd }) {
    const settings = await loadConfig({ path: config, cwd, env });
    terminal.hide(settings.secrets);
    const target = targetOf(to ?? backupOf(settings).to, { cwd, settings });
    if (verify) await check(target, { settings, terminal, json });
    else await make(target, { settings, terminal, json });
    return EXIT.ok;
  },
});

interface Said {
  readonly settings: Settings;
  readonly terminal: Terminal;
  readonly json: boolean;
}

async function make(target: BackupTarget, { settings, terminal, json }: Said): Promise<void> {
  const { name, manifest } = await takeBackup({
    dir: settings.state.dir,
    target,
    now: new Date(),
    seal: sealOf(settings.state.key),
    journal: journalOf(settings),
  });
  const files = manifest.files.length;
  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
  if (json) terminal.print(JSON.stringify({ place: target.place, name, files, bytes }));
  else terminal.print(`Backup ${name} is in ${target.place}: ${files} files, ${bytes} bytes`);
}

async function check(target: BackupTarget, { settings, terminal, json }: Said): Promise<void> {
  const located = await locateBackup(target, settings.name);
  const seal = sealOf(settings.state.key);
  const found = await verifyBackup(target, { backup: located, seal });
  const { name, manifest } = located;
  const { takenAt } = manifest;
  if (json) {
    const { place } = target;
    terminal.print(JSON.stringify({ ok: true, place, name, takenAt, ...found }));
    return;
  }
  const { files, bytes, pages, outboxRows, deadLetters, events } = found;
  terminal.print(`Backup ${name || target.place} of ${takenAt} is whole`);
  terminal.print(`  files         ${files}, ${bytes} bytes`);
  terminal.print(`  pages         ${pages}`);
  terminal.print(`  outbox        ${outboxRows} rows`);
  terminal.print(`  dead letters  ${deadLetters}`);
  terminal.print(`  journal       ${events} events`);
}
