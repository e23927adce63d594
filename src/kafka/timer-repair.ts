import RequestQueue from "kafkajs/src/network/requestQueue/index.js";
import { assert } from "../core/errors.ts";

/** As kafkajs has it: how soon requests that wait for room are looked at again. */
const CHECK_PENDING_MS = 10;

/**
 * Stops the timer that kafkajs 2.2.4 arms for ever: after each check of its queue it schedules the next
 * one, even of an empty queue, and with a negative time, which is 1 ms. A connection that does nothing
 * then costs a few per cent of a core (kafkajs #1751). Here it is armed only while a request waits.
 *
 * May be called more than once.
 */
export function repairTimer(): void {
  const queue = RequestQueue.prototype;
  assert(
    typeof queue.scheduleCheckPendingRequests === "function",
    "kafkajs has another request queue than the one that is repaired here",
  );
  queue.scheduleCheckPendingRequests = scheduleCheck;
}

function scheduleCheck(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  // The broker asked for a pause, or the connection is full: a reply makes room before that.
  const waitMs = Math.max(this.throttledUntil - Date.now(), CHECK_PENDING_MS);
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, waitMs);
}
