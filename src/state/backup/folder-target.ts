import { open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE } from "../../core/private.ts";
import { syncFolder } from "../sync-folder.ts";
import { copyFileDurably } from "./files.ts";
import { MANIFEST_FILE, type Manifest, partsOfName, readManifest } from "./manifest.ts";
import type { BackupTarget } from "./target.ts";

/** Backups in a folder, each a folder of its own. */
export class FolderTarget implements BackupTarget {
  readonly place: string;

  /** @param path Absolute. */
  constructor(path: string) {
    this.place = path;
  }

  async list(): Promise<readonly string[]> {
    return (await this.#names()).whole;
  }

  async halves(): Promise<readonly string[]> {
    return (await this.#names()).half;
  }

  async #names(): Promise<{ readonly whole: string[]; readonly half: string[] }> {
    const names = (await readdir(this.place).catch(absent)) ?? [];
    const found = { whole: [] as string[], half: [] as string[] };
    for (const name of names.filter((one) => partsOfName(one) !== undefined).sort()) {
      const manifest = await stat(join(this.place, name, MANIFEST_FILE)).catch(absent);
      found[manifest === undefined ? "half" : "whole"].push(name);
    }
    return found;
  }

  async manifest(name: string): Promise<Manifest | undefined> {
    const folder = join(this.place, name);
    const text = await readFile(join(folder, MANIFEST_FILE), "utf8").catch(absent);
    return text === undefined ? undefined : readManifest(text, folder);
  }

  staging(name: string): string {
    return join(this.place, name);
  }

  async publish(name: string, { manifest }: { readonly manifest: Manifest }): Promise<void> {
    const folder = join(this.place, name);
    const path = join(folder, MANIFEST_FILE);
    await writeFile(`${path}.part`, `${JSON.stringify(manifest, null, 2)}\n`, {
      mode: PRIVATE.file,
    });
    const file = await open(`${path}.part`, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    syncFolder(folder);
    await rename(`${path}.part`, path);
    syncFolder(folder);
    syncFolder(this.place);
  }

  folderOf(name: string): string {
    return join(this.place, name);
  }

  async fetch(
    name: string,
    { folder, manifest }: { readonly folder: string; readonly manifest: Manifest },
  ): Promise<void> {
    for (const { path } of manifest.files) {
      await copyFileDurably(join(this.place, name, path), join(folder, path));
    }
  }

  async remove(name: string): Promise<void> {
    const folder = join(this.place, name);
    await rm(join(folder, MANIFEST_FILE), { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

function absent(failure: unknown): undefined {
  const { code } = failure as NodeJS.ErrnoException; // what the file system throws
  if (code !== "ENOENT" && code !== "ENOTDIR") throw failure;
}
