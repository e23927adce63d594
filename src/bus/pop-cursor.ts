import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { FatalError } from "../core/errors.ts";
import { PRIVATE } from "../core/private.ts";
import type { Cursor } from "../core/source.ts";

/** Where taking events away (`GET event`) goes on: a small file that is replaced as a whole. */
export class PopCursor {
  readonly #path: string;
  #cursor: Cursor | undefined;

  /** @throws {FatalError} The file holds no cursor. */
  constructor(path: string) {
    this.#path = path;
    const text = readIfThere(path)?.trim();
    if (text !== undefined && !/^\d{1,16}$/.test(text)) {
      throw new FatalError(
        `Cannot read the cursor in "${path}": it holds ${JSON.stringify(text.slice(0, 40))}; ` +
          "restore it from a backup, or remove it to begin with the oldest event",
      );
    }
    this.#cursor = text;
  }

  /** Undefined: nothing was taken yet. */
  get current(): Cursor | undefined {
    return this.#cursor;
  }

  /** Resolves when it is on disk. */
  async moveTo(cursor: Cursor): Promise<void> {
    const temporary = `${this.#path}.new`;
    const file = await open(temporary, "w", PRIVATE.file);
    try {
      await file.writeFile(`${cursor}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
    this.#cursor = cursor;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException; // what the file system throws
    if (code === "ENOENT") return undefined;
    throw thrown;
  }
}
