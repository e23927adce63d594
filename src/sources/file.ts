import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import * as v from "valibot";
import { FatalError, messageOf, TransientError } from "../core/errors.ts";
import { countLineFeeds, LineCutter, type LineRegion, refusalOf } from "../core/lines.ts";
import {
  defineSource,
  type EventBatch,
  type Gap,
  type SourceContext,
  type SourceRead,
  type SourceReader,
} from "../core/source.ts";
import { unpackedFile } from "./streams/unpacked-file.ts";

/** How often a file that is kept open is looked at: soon for a person, nothing for the machine. */
const FOLLOW_EVERY_MS = 250;

/** NDJSON in a file: once to its end, or kept open for what is added. */
export const file = defineSource({
  name: "file",
  summary: "Reads events as NDJSON from a file, plain or gzip, once or kept open.",
  replay: () => "cursor",
  carriesMetrics: false,
  options: v.strictObject({
    path: v.pipe(
      v.string(),
      v.nonEmpty(),
      v.metadata({ kind: "path" }),
      v.description("The file; gzip is recognised."),
    ),
    follow: v.pipe(
      v.optional(v.boolean(), false),
      v.description("Whether to wait for more at the end; rotation and truncation are noticed."),
    ),
  }),
  example: { path: "events.ndjson" },
  describe: (options) => options.path,
  async open(options, context) {
    const { path, follow } = options;
    const stats = orSay(() => statSync(path), options);
    if (stats.isDirectory()) throw new FatalError(`Cannot read "${path}": it is a folder`);
    // A pipe is opened once only, and not here: opening waits for whoever writes into it.
    if (!stats.isFile()) return unpackedFile({ path, follow, kind: "pipe", context });
    const fd = orSay(() => openSync(path, "r"), options);
    try {
      if (!isGzip(fd)) return new FileReader({ fd, path, follow, context, stats: fstatSync(fd) });
      if (follow) throw new FatalError(`Cannot follow "${path}": a gzip file is read once only`);
      const reader = unpackedFile({ path, follow, kind: "gzip", context });
      closeSync(fd);
      return reader;
    } catch (thrown) {
      closeSync(fd);
      throw thrown;
    }
  },
});

const NO_LINES: LineRegion = {
  bytes: new Uint8Array(0),
  length: 0,
  offset: 0,
  next: 0,
  passed: 0,
  oversize: undefined,
};

/** Reads a regular file. The cursor is `offset@inode`: the number tells a rotated file from its heir. */
class FileReader implements SourceReader {
  readonly #path: string;
  readonly #follow: boolean;
  readonly #context: SourceContext;
  readonly #closing = new AbortController();
  #fd: number;
  #inode: number;
  #cutter: LineCutter;
  /** Where the next bytes are read. */
  #position: number;
  #gap: Gap | undefined;
  /** Line feeds before an offset: counted only for who asks, since counting costs more than reading. */
  #counted = { offset: 0, lines: 0 };
  #ended = false;

  constructor(options: {
    fd: number;
    path: string;
    follow: boolean;
    context: SourceContext;
    stats: Stats;
  }) {
    this.#fd = options.fd;
    this.#path = options.path;
    this.#follow = options.follow;
    this.#context = options.context;
    this.#inode = options.stats.ino;
    this.#position = this.#startAt(options.stats);
    this.#cutter = new LineCutter({ offset: this.#position });
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    const { clock, waitMsMax } = this.#context;
    const deadline = clock.monotonicMs() + waitMsMax;
    for (;;) {
      signal.throwIfAborted();
      if (this.#fd < 0) throw new Error(`Cannot read "${this.#path}": it is closed`);
      const region = this.#next();
      if (region !== undefined) return { kind: "batch", batch: this.#batch(region) };
      if (!this.#ended) continue;
      if (!this.#follow) return { kind: "end" };
      this.#ended = false;
      const last = this.#changed();
      if (last === "same") {
        const waitMs = Math.min(FOLLOW_EVERY_MS, deadline - clock.monotonicMs());
        if (waitMs <= 0) return { kind: "empty" };
        await clock.sleep(waitMs, AbortSignal.any([signal, this.#closing.signal]));
      } else if (last !== undefined) {
        return { kind: "batch", batch: last };
      }
    }
  }

  async ack(): Promise<void> {}

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** The next whole lines. Undefined: none yet, and at the end of the file `#ended` is set. */
  #next(): LineRegion | undefined {
    if (this.#ended) return undefined;
    const room = this.#cutter.room();
    const length = this.#readAt(room, this.#position);
    this.#position += length;
    if (length > 0) return this.#cutter.take(length);
    this.#ended = true;
    // In a file that is kept open the rest of the last line is still to come.
    return this.#follow ? undefined : this.#cutter.finish();
  }

  /**
   * At the end of a file that is kept open: whether the path now names another file, or a shorter one.
   * Goes over to it with a batch that moves the cursor there, and holds the last line of the old file
   * when no line feed ended it. Undefined: the old one is not read to its end.
   */
  #changed(): "same" | EventBatch | undefined {
    const { logger } = this.#context;
    const path = this.#path;
    const now = statSync(path, { throwIfNoEntry: false });
    // Between renaming and making anew there is no file: the old one is still ours.
    if (now === undefined) return "same";
    if (now.ino !== this.#inode) {
      // What was written between our last read and the rotation comes first.
      if (fstatSync(this.#fd).size > this.#position) return undefined;
      const fd = orSay(() => openSync(path, "r"), { path, follow: true });
      const last = this.#restart(fd, this.#cutter.finish());
      logger.info("The file was rotated: reading goes on in the new one.", { path });
      return last;
    }
    if (now.size >= this.#position) return "same";
    logger.warn("The file was truncated: reading begins again at its start.", {
      path,
      readUpTo: this.#position,
      unfinishedBytes: this.#cutter.unfinished,
    });
    return this.#restart(this.#fd, undefined);
  }

  #restart(fd: number, region: LineRegion | undefined): EventBatch {
    const last = this.#batch(region ?? NO_LINES);
    const before = this.#linesBefore(region?.offset ?? 0);
    if (fd !== this.#fd) closeSync(this.#fd);
    this.#fd = fd;
    this.#inode = fstatSync(fd).ino;
    this.#position = 0;
    this.#cutter = new LineCutter();
    this.#counted = { offset: 0, lines: 0 };
    return {
      ...last,
      cursor: `0@${this.#inode}`,
      place: (line) => `line ${before + line + 1}`,
    };
  }

  #batch(region: LineRegion): EventBatch {
    const { offset, oversize } = region;
    const refusals =
      oversize === undefined
        ? []
        : [refusalOf(oversize, `line ${this.#linesBefore(oversize.offset) + 1}`)];
    const gap = this.#gap;
    this.#gap = undefined;
    return {
      partition: "0",
      bytes: region.bytes,
      length: region.length,
      cursor: `${region.next}@${this.#inode}`,
      place: (line) => `line ${this.#linesBefore(offset) + line + 1}`,
      pending: undefined,
      refusals,
      gap,
    };
  }

  #linesBefore(offset: number): number {
    let { offset: at, lines } = this.#counted;
    if (at > offset) {
      at = 0;
      lines = 0;
    }
    const buffer = new Uint8Array(Math.min(offset - at, 65_536));
    while (at < offset) {
      const length = this.#readAt(buffer.subarray(0, Math.min(buffer.length, offset - at)), at);
      if (length === 0) break;
      lines += countLineFeeds(buffer, length);
      at += length;
    }
    this.#counted = { offset: at, lines };
    return lines;
  }

  #readAt(into: Uint8Array, position: number): number {
    try {
      return readSync(this.#fd, into, 0, into.length, position);
    } catch (thrown) {
      const message = `Cannot read "${this.#path}": ${messageOf(thrown)}`;
      throw new TransientError(message, { cause: thrown });
    }
  }

  #startAt(stats: Stats): number {
    const { cursor, logger } = this.#context;
    if (cursor === undefined) return 0;
    const match = /^(\d{1,15})@(\d+)$/.exec(cursor);
    if (match === null) {
      throw new FatalError(
        `Cannot go on in "${this.#path}" at cursor "${cursor}": it is no cursor of a file`,
      );
    }
    const offset = Number(match[1]);
    const same = Number(match[2]) === stats.ino && offset <= stats.size;
    if (!this.#follow) {
      // A copy of the file is as good; a shorter one is another.
      if (offset <= stats.size) return offset;
      throw new FatalError(
        `Cannot go on in "${this.#path}" at byte ${offset}: it has only ${stats.size} bytes; ` +
          "bring back the file as it was, or begin with an empty state folder",
      );
    }
    if (same) return offset;
    const detail = `file "${this.#path}" was replaced while nobody read it`;
    logger.error("The file was replaced while nobody read it: what its end held is lost.", {
      path: this.#path,
      readUpTo: offset,
    });
    this.#gap = { events: undefined, detail };
    return 0;
  }
}

function orSay<Result>(
  open: () => Result,
  options: { readonly path: string; readonly follow: boolean },
): Result {
  try {
    return open();
  } catch (thrown) {
    // A file that is kept open may still come to be.
    const Kind = options.follow ? TransientError : FatalError;
    throw new Kind(`Cannot open "${options.path}": ${messageOf(thrown)}`, { cause: thrown });
  }
}

function isGzip(fd: number): boolean {
  const magic = new Uint8Array(2);
  return readSync(fd, magic, 0, 2, 0) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
}
