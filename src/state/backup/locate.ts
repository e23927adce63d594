import { FatalError } from "../../core/errors.ts";
import { type Manifest, partsOfName } from "./manifest.ts";
import type { BackupTarget } from "./target.ts";

export interface LocatedBackup {
  /** Below the target; empty: the target itself. */
  readonly name: string;
  readonly manifest: Manifest;
}

/**
 * The backup that a target points at, or the newest whole one in it.
 *
 * @param pipeline Only those of this one count.
 * @throws {FatalError} There is none.
 */
export async function locateBackup(target: BackupTarget, pipeline: string): Promise<LocatedBackup> {
  const own = await target.manifest("");
  if (own !== undefined) {
    if (own.pipeline !== pipeline) {
      throw new FatalError(
        `Backup "${target.place}" is of pipeline "${own.pipeline}", not of "${pipeline}": name another ` +
          "one, or the configuration that it belongs to",
      );
    }
    return { name: "", manifest: own };
  }
  const name = (await namesOf(target, pipeline)).at(-1);
  const manifest = name === undefined ? undefined : await target.manifest(name);
  if (name === undefined || manifest === undefined) {
    throw new FatalError(
      `Cannot find a whole backup of pipeline "${pipeline}" in "${target.place}"`,
    );
  }
  return { name, manifest };
}

/** The whole backups of one pipeline, oldest first. */
export async function namesOf(target: BackupTarget, pipeline: string): Promise<readonly string[]> {
  return (await target.list()).filter((name) => partsOfName(name)?.pipeline === pipeline);
}
