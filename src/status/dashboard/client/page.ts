import type { Live } from "./live.ts";

/** One page: made when it is gone to, told of every change while it is shown. */
export interface Page {
  readonly element: HTMLElement;
  update(live: Live): void;
  close?(): void;
}
