import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFolder } from "../../src/state/folder-lock.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "folder-lock-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("lockFolder() keeps the folder until it is released, though nobody refers to the lock", async () => {
  takeAndForget();
  for (let round = 0; round < 5; round++) {
    Bun.gc(true);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(() => lockFolder(folder)).toThrow(`process ${process.pid} holds it`);
});

test("release() may be called twice, and lets the next one in", () => {
  const first = lockFolder(folder);
  first.release();
  first.release();
  lockFolder(folder).release();
});

/** A call of its own leaves nothing of the lock on the stack. */
function takeAndForget(): void {
  lockFolder(folder);
}
