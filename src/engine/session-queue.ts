import { DueHeap } from "./due-heap.ts";
import type { Session } from "./session-pages.ts";

/** Sessions by when they are looked at next; each is due once. */
export class SessionQueue {
  readonly #heap = new DueHeap<Session>();

  /** Whether some session may be due. */
  isDue(watermark: number): boolean {
    return this.#heap.size > 0 && this.#heap.next <= watermark;
  }

  /** Has a session looked at by then, if it is not looked at earlier. */
  schedule(session: Session, due: number): void {
    if (due >= session.due) return;
    session.due = due;
    this.#heap.push(due, session);
  }

  /** Takes out what is due first; undefined when it is gone, or was brought forward since. */
  take(): Session | undefined {
    const due = this.#heap.next;
    const session = this.#heap.pop();
    if (session.isGone || session.due !== due) return undefined;
    session.due = Infinity;
    return session;
  }
}
