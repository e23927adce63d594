import { expect, test } from "bun:test";
import RequestQueue from "kafkajs/src/network/requestQueue/index.js";
import { repairTimer } from "../../src/kafka/timer-repair.ts";

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: unknown;
  scheduleCheckPendingRequests(): void;
  checkPendingRequests(): void;
}

function queueOf(changes: Partial<Queue> = {}): Queue {
  repairTimer();
  const queue: Queue = Object.create(RequestQueue.prototype);
  return Object.assign(queue, {
    pending: [],
    throttledUntil: -1,
    throttleCheckTimeoutId: null,
    ...changes,
  });
}

test("repairTimer() leaves a queue without requests without a timer", () => {
  const queue = queueOf();
  queue.checkPendingRequests();
  queue.scheduleCheckPendingRequests();
  expect(queue.throttleCheckTimeoutId).toBeNull();
});

test("repairTimer() looks again, once, at requests that wait", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let checks = 0;
  const queue = queueOf({
    pending: ["request"],
    checkPendingRequests() {
      checks++;
      resolve();
    },
  });
  queue.scheduleCheckPendingRequests();
  queue.scheduleCheckPendingRequests();
  expect(queue.throttleCheckTimeoutId).not.toBeNull();
  await promise;
  expect(checks).toBe(1);
  expect(queue.throttleCheckTimeoutId).toBeNull();
});
