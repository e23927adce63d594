import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FatalError, messageOf } from "../core/errors.ts";
import { PRIVATE } from "../core/private.ts";
import type { StatusSettings } from "../core/settings.ts";
import { type Access, decideAccess } from "../status/auth.ts";

/** Who may come in, and how a person learns it. */
export interface KeptAccess {
  readonly access: Access;
  /**
   * What to say of the token; undefined: there is nothing to say. Whoever calls this says it: a token
   * that was made now is kept from here on, so that one that nobody saw is made again.
   *
   * @throws {FatalError} It cannot be kept.
   */
  announce(): string | undefined;
}

/**
 * Decides who may come in. A token that is made is shown once and kept as its SHA-256, so that it opens
 * after a restart, too.
 *
 * @param options.folder What outlives the process; this one alone uses it.
 * @throws {FatalError} What is kept cannot be read.
 */
export function accessKeptIn(options: {
  readonly folder: string;
  readonly status: Pick<StatusSettings, "host" | "token">;
}): KeptAccess {
  const path = join(options.folder, "token");
  const access = decideAccess(options.status, () => read(path));
  return {
    access,
    announce() {
      if (access.mode === "open" || access.origin === "settings") return undefined;
      if (access.origin === "kept") {
        return `as printed at the first start; to have a new one made, delete ${path}`;
      }
      write(path, access.digest);
      return `${access.token} (shown this once)`;
    },
  };
}

function read(path: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw new FatalError(`Cannot read "${path}": ${messageOf(thrown)}`, { cause: thrown });
  }
  const match = /^sha256:([0-9a-f]{64})\n$/.exec(text);
  if (match !== null) return Buffer.from(match[1]!, "hex");
  throw new FatalError(
    `Cannot use "${path}": it holds no SHA-256 of a token; delete it to have a new token made`,
  );
}

/** Whole or not at all, and for nobody else to read. */
function write(path: string, digest: Uint8Array): void {
  const unfinished = `${path}.new`;
  try {
    const fd = openSync(unfinished, "w", PRIVATE.file);
    try {
      writeSync(fd, `sha256:${Buffer.from(digest).toString("hex")}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(unfinished, path);
  } catch (thrown) {
    throw new FatalError(`Cannot keep the token in "${path}": ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}
