import { TransientError } from "../core/errors.ts";
import type { LedgerCounts } from "../core/ledger.ts";
import { epochMicros } from "../core/time.ts";
import type { ReplayOutcome, ReplayQuery } from "./control.ts";
import { LetterReplay, type ReturnedLetters } from "./letter-replay.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * Takes dead letters back, some at a time and each of them between two reads: what becomes of them and that
 * they are gone is one checkpoint, so that no crash loses or doubles one.
 *
 * @throws {TransientError} It cannot be done now. Those that were taken back are not given up.
 */
export async function replayLetters(
  pipeline: Pipeline,
  query: ReplayQuery,
): Promise<ReplayOutcome> {
  const letters = pipeline.store.deadLetters;
  const sinks = pipeline.deliveries.map(({ name }) => name);
  let replay: LetterReplay | undefined;
  let replayed = 0;
  let refusedAgain = 0;
  for (;;) {
    const obstacle = obstacleOf(pipeline);
    if (obstacle !== undefined) {
      throw new TransientError(`${obstacle}; dead letters taken back so far: ${replayed}`);
    }
    replay ??= new LetterReplay(query, { letters, sinks });
    const some = replay.next();
    if (some === undefined) {
      return { replayed, refused_again: refusedAgain, left: replay.left };
    }
    if (some.seqs.length > 0) {
      refusedAgain += takeBack(pipeline, some);
      replayed += some.seqs.length;
      await pipeline.checkpoint();
    }
    // The source has its turn.
    await pipeline.clock.sleep(0, new AbortController().signal);
  }
}

/** Why nothing can be added besides what is read; undefined: it can. */
function obstacleOf({ checkpointer, isEnding, state, store }: Pipeline): string | undefined {
  // The effect of what comes back must not be torn between a checkpoint that waits and the next one.
  if (checkpointer.problem !== undefined) {
    return `No checkpoint can be made: ${checkpointer.problem}`;
  }
  if (isEnding) return "The input has ended, and every window is closed";
  if (!["starting", "running", "paused"].includes(state)) return `The service is ${state}`;
  return store.outbox.isFull ? "The outbox is full until a sink has taken some" : undefined;
}

/** Returns how many of the events were refused again. */
function takeBack(pipeline: Pipeline, letters: ReturnedLetters): number {
  const { seqs, events, rows } = letters;
  const { checkpointer, clock, processor } = pipeline;
  const nowMs = clock.monotonicMs();
  const { ledger } = processor.engine;
  const before = { ...ledger };
  processor.addReturned(events, { now: clock.now(), nowMs });
  pipeline.operations.returned(letters, { before, now: ledger });
  checkpointer.returned(seqs, rows);
  const fired = processor.rows(epochMicros(nowMs * 1000));
  pipeline.tell(fired);
  checkpointer.processed(fired, undefined);
  return refusedIn(ledger) - refusedIn(before);
}

/** Events that became dead letters. */
function refusedIn({ late, future, invalid, over_limit }: LedgerCounts): number {
  return late + future + invalid + over_limit;
}
