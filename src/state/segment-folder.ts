import { mkdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { FatalError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { PRIVATE } from "../core/private.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import type { RecordSeal } from "./record-seal.ts";
import { RecordWindow } from "./record-window.ts";
import { pathOfSegment, Segment, sequenceInName } from "./segment.ts";

/** The files of a journal, locked for this process: no event is missing between the first and the last. */
export class SegmentFolder {
  readonly #folder: string;
  readonly #lock: FolderLock;
  readonly #window: RecordWindow;
  /** Oldest first; never empty once it is open. */
  readonly #segments: Segment[] = [];
  /** Size of all files. */
  bytes = 0;

  private constructor(folder: string, seal: RecordSeal) {
    this.#folder = folder;
    this.#window = new RecordWindow(seal);
    mkdirSync(folder, { recursive: true, mode: PRIVATE.folder });
    this.#lock = lockFolder(folder);
  }

  /** @throws {FatalError} Another process holds it, it is damaged, or sealed otherwise. */
  static async open(
    folder: string,
    options: { readonly seal: RecordSeal; readonly logger: Logger },
  ): Promise<SegmentFolder> {
    const opened = new SegmentFolder(folder, options.seal);
    try {
      await opened.#load(options.logger);
      return opened;
    } catch (thrown) {
      await opened.close();
      throw thrown;
    }
  }

  /** The one that is written to. */
  get active(): Segment {
    return this.#segments.at(-1)!; // never empty
  }

  get oldest(): Segment {
    return this.#segments[0]!; // never empty
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }

  /** Writes a record at the end. */
  async append(record: Uint8Array): Promise<void> {
    await this.active.append(record);
    this.bytes += record.length;
  }

  /** Begins a new file; the active one must hold something. */
  async roll(): Promise<void> {
    const first = this.active.nextSequence;
    this.#segments.push(await Segment.create(this.#folder, { first, window: this.#window }));
  }

  /** Removes the oldest file; it must not be the only one. */
  async removeOldest(): Promise<void> {
    const { oldest } = this;
    this.#segments.shift();
    this.bytes -= oldest.length;
    await oldest.remove();
  }

  async close(): Promise<void> {
    for (const segment of this.#segments) await segment.close();
    this.#lock.release();
  }

  async #load(logger: Logger): Promise<void> {
    const window = this.#window;
    const firsts = (await readdir(this.#folder))
      .map(sequenceInName)
      .filter((first) => first !== undefined)
      .sort((a, b) => a - b);
    for (const first of firsts) {
      const before = this.#segments.at(-1)?.nextSequence ?? first;
      if (first !== before) {
        const path = pathOfSegment(this.#folder, first);
        throw new FatalError(
          `Cannot open the journal: the file "${path}" should begin with event ${before}; ` +
            "restore the folder from a backup, or move the whole folder away to begin with an empty one",
        );
      }
      const last = first === firsts.at(-1);
      const segment = await Segment.load(this.#folder, { first, window, last, logger });
      this.#segments.push(segment);
      this.bytes += segment.length;
    }
    if (firsts.length === 0) {
      this.#segments.push(await Segment.create(this.#folder, { first: 0, window }));
    }
  }
}
