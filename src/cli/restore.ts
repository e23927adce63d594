import { resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import { locateBackup } from "../state/backup/locate.ts";
import { restoreBackup } from "../state/backup/restore.ts";
import { sealOf } from "../state/seal.ts";
import { configArg, jsonArg } from "./args.ts";
import { backupOf, targetOf } from "./backup-target.ts";
import { defineCommand } from "./command.ts";
import { EXIT } from "./exit.ts";

export const restore = defineCommand({
  name: "restore",
  summary: "Make the state anew out of a backup",
  args: {
    target: {
      type: "positional",
      required: false,
      description: "A backup, or where they are: the newest counts. Default: backup.to",
    },
    config: configArg,
    to: {
      type: "string",
      valueHint: "folder",
      description: "Folder that becomes the state. Default: that of the configuration",
    },
    force: { type: "boolean", description: "Move what is there aside; it is never deleted" },
    json: jsonArg,
  },
  completes: { target: "folder" },
  failsWhen: "it cannot be restored, or there is a state",
  examples: [
    { line: "aggregator restore /srv/backups", does: "The newest one, where there is no state" },
    {
      line: "aggregator restore s3://plant/aggregator/plant-7-20260131T120000.000Z --force",
      does: "This very one, in place of the state that is there",
    },
  ],
  async run({ target: from, config, to, force, json }, { terminal, env, cwd }) {
    const settings = await loadConfig({ path: config, cwd, env });
    terminal.hide(settings.secrets);
    const target = targetOf(from ?? backupOf(settings).to, { cwd, settings });
    const dir = to === undefined ? settings.state.dir : resolve(cwd, to);
    const backup = await locateBackup(target, settings.name);
    const restored = await restoreBackup({
      target,
      backup,
      dir,
      force,
      now: new Date(),
      seal: sealOf(settings.state.key),
    });
    const { name, manifest } = backup;
    const { movedTo, outboxRows, deadLetters, events } = restored;
    if (json) {
      terminal.print(JSON.stringify({ dir, name, takenAt: manifest.takenAt, ...restored }));
      return EXIT.ok;
    }
    terminal.print(`Backup ${name || target.place} of ${manifest.takenAt} is restored to ${dir}`);
    terminal.print(`  cursor        ${manifest.cursor ?? "the start of the source"}`);
    terminal.print(`  outbox        ${outboxRows} rows, which every sink gets from the first on`);
    terminal.print(`  dead letters  ${deadLetters}`);
    terminal.print(`  journal       ${events} events`);
    if (movedTo !== undefined) terminal.print(`What was there is in ${movedTo}`);
    return EXIT.ok;
  },
});
