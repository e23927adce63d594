import { closeSync, fsyncSync, openSync } from "node:fs";
import process from "node:process";

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  // Windows opens no folders, and needs none of this.
  if (process.platform === "win32") return;
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
