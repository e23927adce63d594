import type { Clock } from "../../core/clock.ts";
import { FatalError, messageOf, TransientError } from "../../core/errors.ts";
import type { Refusal } from "../../core/event.ts";
import type { ResultView, TappedEvent } from "../../pipeline/view.ts";
import { openStream } from "../ask-service.ts";
import type { Connection } from "../connection.ts";
import { UsageError } from "../exit.ts";
import { serverEvents } from "./server-events.ts";

/** How long a cut connection is tried again after; twice as long each time. */
const AGAIN_MS_MIN = 250;
const AGAIN_MS_MAX = 5_000;

/** The service says something every second: what is silent for so long is gone. */
const SILENT_MS_MAX = 10_000;

/** What was left out since there was too much of it. */
export interface Dropped {
  readonly events: number;
  readonly rows: number;
  readonly refused: number;
}

/** What whoever taps is told. */
export type TapMessage =
  | ({ readonly type: "event" } & TappedEvent)
  | ({ readonly type: "row" } & ResultView)
  | ({ readonly type: "refused" } & Refusal)
  /** In one second: so many passed, so many of them were looked at, and so many wanted ones left out. */
  | {
      readonly type: "counts";
      readonly passed: number;
      readonly looked: number;
      readonly dropped: Dropped;
    }
  | { readonly type: "cut"; readonly error: string }
  /** After a cut; null: the service was started anew, and nobody knows. */
  | {
      readonly type: "resumed";
      readonly missed: { readonly events: number; readonly rows: number } | null;
    };

export interface TapOptions extends Connection {
  readonly base: string;
  /** With the query. */
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * What passes, until `signal` aborts. A connection that was there is made again when it is cut.
 *
 * @throws {FatalError} It cannot be reached to begin with, or refuses.
 */
export async function* tapMessages(options: TapOptions): AsyncGenerator<TapMessage> {
  const { clock, signal } = options;
  let lastId: string | undefined;
  let waitMs = AGAIN_MS_MIN;
  for (let isFirst = true; !signal.aborted; ) {
    const silence = new AbortController();
    try {
      const over = AbortSignal.any([signal, silence.signal]);
      const stream = await openStream({ ...options, lastId, signal: over });
      for await (const { event, data, id } of timed(serverEvents(stream), { clock, silence })) {
        lastId = id;
        waitMs = AGAIN_MS_MIN;
        const message = messageIn(event, data, !isFirst);
        isFirst = false;
        if (message !== undefined) yield message;
      }
      if (!signal.aborted) yield { type: "cut", error: "The service has closed the connection" };
    } catch (failure) {
      if (signal.aborted) return;
      if (isFirst && failure instanceof TransientError) {
        throw new FatalError(failure.message, { cause: failure });
      }
      if (failure instanceof UsageError) throw failure;
      if (failure instanceof FatalError && (isFirst || !isBusy(failure))) throw failure;
      const error = silence.signal.aborted
        ? "The service says nothing any more"
        : messageOf(failure);
      yield { type: "cut", error };
    }
    await clock.sleep(waitMs, signal);
    waitMs = Math.min(waitMs * 2, AGAIN_MS_MAX);
  }
}

/** One that has just come back may still hold our former connection. */
function isBusy({ message }: FatalError): boolean {
  return message.includes("Too many look");
}

async function* timed<Item>(
  items: AsyncGenerator<Item>,
  { clock, silence }: { readonly clock: Clock; readonly silence: AbortController },
): AsyncGenerator<Item> {
  for (;;) {
    const heard = new AbortController();
    void clock.sleep(SILENT_MS_MAX, heard.signal).then(() => {
      if (!heard.signal.aborted) silence.abort();
    });
    try {
      const next = await items.next();
      if (next.done === true) return;
      yield next.value;
    } finally {
      heard.abort();
    }
  }
}

/** @param again Whether the connection was cut before. */
function messageIn(event: string, data: string, again: boolean): TapMessage | undefined {
  const said = JSON.parse(data) as Record<string, unknown>; // our own service sends nothing else
  if (event === "hello") {
    if (!again) return undefined;
    const missed = said["missed"] as { events: number; rows: number } | null | undefined;
    return { type: "resumed", missed: missed ?? null };
  }
  const isKnown = ["event", "row", "refused", "counts"].includes(event);
  // A later version may tell more.
  return isKnown ? ({ type: event, ...said } as TapMessage) : undefined;
}
