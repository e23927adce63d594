import type { Logger } from "../core/logger.ts";

/**
 * Aborts at SIGTERM or SIGINT. A second one of them ends the process at once.
 *
 * @param onHangUp Called at SIGHUP; without it that is told and ignored.
 */
export function stopSignal(logger: Logger, onHangUp?: () => void): AbortSignal {
  const stop = new AbortController();
  const onStop = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(name === "SIGINT" ? 130 : 143);
    logger.info("Stopping; once more ends at once.", { signal: name });
    stop.abort();
  };
  process.on("SIGTERM", onStop);
  process.on("SIGINT", onStop);
  process.on("SIGHUP", () => {
    if (onHangUp !== undefined) onHangUp();
    else logger.info("SIGHUP is ignored: this command reads its configuration at the start only.");
  });
  return stop.signal;
}
