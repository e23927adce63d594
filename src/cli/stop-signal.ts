import type { Logger } from "../core/logger.ts";

/**
 * Aborts at SIGTERM or SIGINT. A second one of them ends the process at once; SIGHUP is told and
 * ignored, since a configuration is read at the start only.
 */
export function stopSignal(logger: Logger): AbortSignal {
  const stop = new AbortController();
  const onStop = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(name === "SIGINT" ? 130 : 143);
    logger.info("Stopping; once more ends at once.", { signal: name });
    stop.abort();
  };
  process.on("SIGTERM", onStop);
  process.on("SIGINT", onStop);
  process.on("SIGHUP", () => {
    logger.info("SIGHUP is ignored: the configuration is read at the start only.");
  });
  return stop.signal;
}
