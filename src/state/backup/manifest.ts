import { FatalError } from "../../core/errors.ts";

/** The format of a backup; a change that older programs cannot read counts it up. */
export const BACKUP_FORMAT = 1;

/** Written last: a folder without it is no backup. */
export const MANIFEST_FILE = "manifest.json";

/** Below the folder of the state: the journals of our own bus, and of sources that hand over once. */
export const JOURNAL_FOLDERS = ["bus/events", "bus/metrics", "journal"] as const;

export type JournalFolder = (typeof JOURNAL_FOLDERS)[number];

export interface BackupFile {
  /** Below the folder of the backup, with slashes. */
  readonly path: string;
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
}

/** What a backup says of itself. */
export interface Manifest {
  readonly format: number;
  readonly pipeline: string;
  readonly share: string;
  /** That of the state it was taken of. */
  readonly lineage: string;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** How its pieces are sealed: `plain`, or the kind and the id of a key. */
  readonly seal: string;
  /** Where the source goes on; null: at its start. */
  readonly cursor: string | null;
  /** The journal that this cursor is one of, as a folder of the backup; null: it is of another log. */
  readonly journal: JournalFolder | null;
  readonly files: readonly BackupFile[];
}

/** @throws {FatalError} The text is no manifest, or one of a newer program. @param place For messages. */
export function readManifest(text: string, place: string): Manifest {
  let manifest: Partial<Manifest> | null;
  try {
    // Every field is looked at below.
    manifest = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    throw new FatalError(`Backup "${place}" is damaged: its manifest is no JSON; take another one`);
  }
  if (typeof manifest?.format === "number" && manifest.format > BACKUP_FORMAT) {
    throw new FatalError(
      `Backup "${place}" was made by a newer version (format ${manifest.format}, this one knows ` +
        `${BACKUP_FORMAT}): use that version, or another backup`,
    );
  }
  const texts = ["pipeline", "share", "lineage", "takenAt", "seal"] as const;
  const isWhole =
    manifest?.format === BACKUP_FORMAT &&
    texts.every((key) => typeof manifest[key] === "string") &&
    (manifest.cursor === null || typeof manifest.cursor === "string") &&
    (manifest.journal === null || JOURNAL_FOLDERS.some((known) => known === manifest.journal)) &&
    Array.isArray(manifest.files) &&
    manifest.files.every(isBackupFile);
  if (!isWhole) {
    throw new FatalError(
      `Backup "${place}" is damaged: its manifest lacks something; take another one`,
    );
  }
  return manifest as Manifest; // looked at above
}

function isBackupFile(file: unknown): boolean {
  if (typeof file !== "object" || file === null) return false;
  const { path, size, sha256 } = file as Partial<BackupFile>; // an object can be read by keys
  // A path that leads out of the folder is none of ours.
  const isInside =
    typeof path === "string" && /^[\w.-]+(?:\/[\w.-]+)*$/.test(path) && !path.includes("..");
  return isInside && Number.isSafeInteger(size) && /^[0-9a-f]{64}$/.test(String(sha256));
}

/** `plant-7-20260131T235959.123Z`: sorts by time among those of one pipeline. */
export function backupName(pipeline: string, takenAt: Date): string {
  return `${pipeline}-${takenAt.toISOString().replace(/[-:]/g, "")}`;
}

/** The parts of such a name; undefined: it is none. */
export function partsOfName(
  name: string,
): { readonly pipeline: string; readonly takenAt: Date } | undefined {
  const match = /^(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z$/.exec(name);
  if (match === null) return undefined;
  const [, pipeline = "", year, month, day, hour, minute, second] = match;
  const takenAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(takenAt.getTime()) ? undefined : { pipeline, takenAt };
}
