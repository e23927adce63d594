import type { SourceRead } from "../core/source.ts";
import type { PauseGate } from "./pause-gate.ts";

export interface UnpausedReadParts {
  readonly gate: PauseGate;
  /** Begins a read; undefined: it was given up. */
  readonly read: () => Promise<SourceRead | undefined>;
  /** Waits while the gate is closed. @param underWay Ends when the source has time for something else. */
  readonly pass: (underWay: Promise<unknown>) => Promise<void>;
  /** How often the source was opened. */
  readonly openings: () => number;
  /** Whether what was read and not processed comes again after a stop. */
  readonly comesAgain: () => boolean;
}

/**
 * The next read. What one under way gives while it is paused is held until it goes on; what is read again
 * anyway is not: after a stop, or from a source that was opened anew meanwhile.
 */
export async function unpausedRead(
  stop: AbortSignal,
  { gate, read, pass, openings, comesAgain }: UnpausedReadParts,
): Promise<SourceRead | undefined> {
  for (;;) {
    const underWay = read();
    await gate.closedDuring(underWay);
    if (!gate.isClosed) return await underWay;
    let openedThen = Number.NaN;
    const held = underWay.then((given) => {
      openedThen = openings();
      return given;
    });
    // Whoever waits for it is told; nobody may.
    held.catch(() => {});
    while (gate.isClosed && !stop.aborted) await pass(held);
    if (stop.aborted) return comesAgain() ? undefined : await held;
    const given = await held;
    if (openedThen === openings() || !comesAgain()) return given;
  }
}
