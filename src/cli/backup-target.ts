import { resolve } from "node:path";
import { type Logger, silentLogger } from "../core/logger.ts";
import type { BackupSettings, Settings } from "../core/settings.ts";
import { GuardedCalls } from "../pipeline/guarded-calls.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { FolderTarget } from "../state/backup/folder-target.ts";
import type { JournalFolder } from "../state/backup/manifest.ts";
import { S3Target } from "../state/backup/s3-target.ts";
import { ScheduledBackups } from "../state/backup/schedule.ts";
import type { BackupTarget } from "../state/backup/target.ts";
import { sealOf } from "../state/seal.ts";

/** Where backups are: a folder, which counts from `cwd`, or a bucket. */
export function targetOf(
  text: string,
  {
    cwd,
    settings,
    logger = silentLogger,
  }: { readonly cwd: string; readonly settings: Settings; readonly logger?: Logger },
): BackupTarget {
  if (!text.startsWith("s3:")) return new FolderTarget(resolve(cwd, text));
  const label = `the backups in ${text}`;
  const calls = new GuardedCalls({ label, clock: realClock, logger, random: Math.random });
  return new S3Target(text, backupOf(settings).s3, { calls });
}

/** What a configuration says of backups; one that was loaded says it always. */
export function backupOf({ backup }: Settings): BackupSettings {
  if (backup === undefined) throw new Error("Invariant broken: no settings of backups");
  return backup;
}

/** The journal that the cursor of a pipeline is one of; null: the source is a log itself. */
export function journalOf({ source, bus }: Settings): JournalFolder | null {
  if (bus.embedded) return "bus/events";
  return source.definition.replay(source.options) === "none" ? "journal" : null;
}

/** The backups that `run` makes; undefined: none are wanted. */
export function scheduledBackups(settings: Settings, logger: Logger): ScheduledBackups | undefined {
  const { name: pipeline, backup, state } = settings;
  if (backup?.schedule === undefined) return undefined;
  return new ScheduledBackups({
    pipeline,
    dir: state.dir,
    target: targetOf(backup.to, { cwd: state.dir, settings, logger }),
    schedule: backup.schedule,
    keep: backup.keep,
    seal: sealOf(state.key),
    journal: journalOf(settings),
    clock: realClock,
    logger,
  });
}
