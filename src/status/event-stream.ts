import { STREAM_BYTES_MAX } from "../core/limits.ts";
import type { Identity } from "./access/identity.ts";

export interface EventStreamOptions {
  /** Whose it is; undefined: nobody has to say. It ends when this is no longer so. */
  readonly identity: Identity | undefined;
  /** Looks after which one that takes nothing any more is given up. */
  readonly stalledLooksMax: number;
  /** The client left. Not called by {@link EventStream.close}. */
  readonly onLeave: () => void;
}

const encoder = new TextEncoder();

/** Server-sent events to one client, which is looked after again and again. */
export class EventStream {
  /** For the answer. */
  readonly body: ReadableStream<Uint8Array>;
  readonly identity: Identity | undefined;
  readonly #stalledLooksMax: number;
  #controller!: ReadableStreamDefaultController<Uint8Array>; // set by `start`, which is called at once
  #stalledLooks = 0;

  constructor({ identity, stalledLooksMax, onLeave }: EventStreamOptions) {
    this.identity = identity;
    this.#stalledLooksMax = stalledLooksMax;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: onLeave,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: STREAM_BYTES_MAX }),
    );
  }

  /** Once for each time that something is to be told. Full: not now. Over: never more, it is to be closed. */
  look(): "ready" | "full" | "over" {
    if (this.identity?.isCurrent() === false) return "over";
    if ((this.#controller.desiredSize ?? 0) > 0) {
      this.#stalledLooks = 0;
      return "ready";
    }
    return ++this.#stalledLooks > this.#stalledLooksMax ? "over" : "full";
  }

  /** @param message.data One line. */
  send({ id, event, data }: Readonly<Record<"id" | "event" | "data", string>>): void {
    this.#controller.enqueue(encoder.encode(`id: ${id}\nevent: ${event}\ndata: ${data}\n\n`));
  }

  close(): void {
    try {
      this.#controller.close();
    } catch {
      // The other side was faster.
    }
  }
}
