/**
 * Aborts at SIGINT, SIGTERM or SIGHUP, for a command that only looks: its end needs no words. A second one
 * ends the process at once.
 */
export function stopAtSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(name === "SIGINT" ? 130 : 143);
      stop.abort();
    });
  }
  return stop.signal;
}
