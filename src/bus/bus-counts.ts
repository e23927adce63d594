import type { RefusalReason } from "../core/event.ts";
import type { Publication } from "./publication.ts";

/** What came and went at our own bus over HTTP since the start. */
export class BusCounts {
  /** Records published and on disk, by log. */
  readonly published = { events: 0, metrics: 0 };
  /** Records that were not taken, by why. */
  readonly refused = new Map<RefusalReason, number>();
  /** Requests that were asked to come again. */
  unavailable = 0;
  /** Records handed out. */
  read = 0;
  /** Requests that wait for records now. */
  waiting = 0;

  /** What of a publication is taken is on disk. */
  publish(
    log: keyof BusCounts["published"],
    { accepted, reasons }: Pick<Publication, "accepted" | "reasons">,
  ): void {
    this.published[log] += accepted;
    for (const [reason, count] of reasons) {
      this.refused.set(reason, (this.refused.get(reason) ?? 0) + count);
    }
  }

  /** Does `work` for a client that may wait. */
  async waitFor<Result>(work: () => Promise<Result>): Promise<Result> {
    this.waiting++;
    try {
      return await work();
    } finally {
      this.waiting--;
    }
  }
}
