import type { Manifest } from "./manifest.ts";

/** Where backups are kept: a folder, or a bucket. Every call may fail for reasons that pass. */
export interface BackupTarget {
  /** For messages. */
  readonly place: string;
  /** Names of the whole backups in it, oldest first. */
  list(): Promise<readonly string[]>;
  /** Names of what has no manifest: still being made, or left by a process that was killed. */
  halves(): Promise<readonly string[]>;
  /** The manifest of a backup; of what the target itself points at when `name` is empty. Undefined: none. */
  manifest(name: string): Promise<Manifest | undefined>;
  /** Where the files of a new backup are made. @param spool A folder to make it in if it is not here. */
  staging(name: string, spool: string): string;
  /** Makes a whole backup out of the files in `folder`; the manifest comes last. */
  publish(
    name: string,
    from: {
      readonly folder: string;
      readonly manifest: Manifest;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<void>;
  /** Where the files of a backup can be read as they are; undefined: they have to be fetched. */
  folderOf(name: string): string | undefined;
  /** Copies the files of a backup into a folder that exists, and makes them durable. */
  fetch(name: string, to: { readonly folder: string; readonly manifest: Manifest }): Promise<void>;
  /** Takes a backup away, its manifest first. */
  remove(name: string): Promise<void>;
}
