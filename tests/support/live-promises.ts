import { heapStats } from "bun:jsc";

/** Promises that something still reaches: what a wait leaves behind at a promise that lives on is seen here. */
export function livePromises(): number {
  Bun.gc(true);
  return heapStats().objectTypeCounts["Promise"] ?? 0;
}
