import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import type { Clock } from "../core/clock.ts";
import { FatalError } from "../core/errors.ts";
import { OPEN_FILES_MAX } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { RunningServer } from "../status/serve.ts";

/** What a start needs: some 30 files, connections to stores, the reserve, and a few of whoever asks. */
const NEEDED = 64;

/** Kept back for files and stores: a burst of connections may take all that is free. */
const RESERVE = 16;

/** So few left are as good as none. */
const FEW = 8;

const LOOK_EVERY_MS = 250;

/** @throws {FatalError} This process may have too few files open. */
export function checkOpenFiles(): void {
  const free = openSome(NEEDED);
  closeAll(free);
  if (free.length === NEEDED) return;
  throw new FatalError(
    `Cannot run with so few open files: ${free.length} more may be opened, ${NEEDED} are needed, and one for ` +
      "each connection; raise the limit by ulimit -n 4096, or LimitNOFILE=4096 of systemd",
  );
}

export interface RefusalOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the process, connections included. Default: {@link OPEN_FILES_MAX}. */
  readonly filesMax?: number;
  readonly signal: AbortSignal;
}

/**
 * Refuses connections while there is no file descriptor left for more, so that the service itself has some:
 * the runtime would take connections until nothing can be opened any more, and then try again without pause.
 * Also while there are more than anybody needs: each takes memory. Runs until `signal` aborts.
 */
export async function refuseWhenFull(
  server: Pick<RunningServer, "listening">,
  { clock, logger, filesMax = OPEN_FILES_MAX, signal }: RefusalOptions,
): Promise<void> {
  const { listening } = server;
  if (listening === undefined) return;
  let reserve = openSome(RESERVE);
  let isRefusing = false;
  while (!signal.aborted) {
    await clock.sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted) break;
    if (!isRefusing && !canOpen(FEW, filesMax)) {
      const why = canOpen(FEW) ? `${filesMax} files and connections are open` : NONE_LEFT;
      listening.pause();
      closeAll(reserve);
      isRefusing = true;
      logger.warn(`${why}; new ones are refused.`);
    } else if (isRefusing && canOpen(RESERVE + 2 * FEW, filesMax) && listening.resume()) {
      reserve = openSome(RESERVE);
      isRefusing = false;
      logger.info("Connections are taken again.");
    }
  }
  if (!isRefusing) closeAll(reserve);
}

const NONE_LEFT = "No file descriptor is left for more connections";

/** @param max The system gives the lowest number that is free: a larger one tells that all below are in use. */
function canOpen(count: number, max = Infinity): boolean {
  const files = openSome(count);
  closeAll(files);
  return files.length === count && files.every((file) => file < max);
}

/** As many as there may be, `count` at most. */
function openSome(count: number): number[] {
  const files: number[] = [];
  try {
    while (files.length < count) files.push(openSync(devNull, "r"));
  } catch {
    // There may be no more.
  }
  return files;
}

function closeAll(files: readonly number[]): void {
  for (const file of files) closeSync(file);
}
