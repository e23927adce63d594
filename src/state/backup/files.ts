import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { READ_CHUNK_BYTES } from "../../core/limits.ts";
import { PRIVATE } from "../../core/private.ts";
import type { BackupFile } from "./manifest.ts";

/** Size and hash of a file, read piece by piece. */
export async function measureFile(
  path: string,
  signal?: AbortSignal,
): Promise<Pick<BackupFile, "size" | "sha256">> {
  const hash = createHash("sha256");
  const file = await open(path, "r");
  try {
    const buffer = new Uint8Array(READ_CHUNK_BYTES);
    let size = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size);
      if (bytesRead === 0) return { size, sha256: hash.digest("hex") };
      hash.update(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Copies a file, with the folders above it, for this user alone, and syncs it. */
export async function copyFileDurably(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: PRIVATE.folder });
  await copyFile(from, to);
  await chmod(to, PRIVATE.file);
  await syncFile(to);
}

export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
