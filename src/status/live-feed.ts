import type { Clock } from "../core/clock.ts";
import { HISTORY_SAMPLES_MAX, STREAM_CLIENTS_MAX, STREAM_ROWS_MAX } from "../core/limits.ts";
import type { PipelineStatus, PipelineView, PipelineVitals } from "../pipeline/view.ts";
import { type Identity, viewOf } from "./access/identity.ts";
import { EventStream } from "./event-stream.ts";

export interface LiveFeedOptions {
  readonly view: PipelineView;
  /** Takes secrets out of what is shown. */
  readonly mask: (value: unknown) => unknown;
  /** Tells this run of the service from another one: numbers of rows begin anew. */
  readonly run: string;
  /** What somebody may do now, by the names of the routes; undefined: everybody may look. */
  readonly actions: (identity: Identity | undefined) => readonly string[];
  /** Told when it could not look. */
  readonly onFailure?: (failure: unknown) => void;
}

/** What the charts of the overview show, one a second: in the order in which it is sent. */
export type Sample = readonly [
  now: number,
  received: number,
  rows: number,
  lag: number | null,
  outbox: number,
  refused: number,
];

const EVERY_MS = 1_000;

/** A look may take a fiftieth of the time at the most: with very many sessions it is taken less often. */
const SHARE = 50;

/** Looks after which a client that takes nothing any more is given up. */
const STALLED_LOOKS_MAX = 60;

interface Client {
  readonly stream: EventStream;
  /** Number of the next row that it has not got. */
  nextRow: number;
}

/**
 * What every open dashboard is told once a second: a `status`, and the `rows` that fired since. Nothing is
 * kept for a client: one that is slow misses a status, and gets the newest rows and how many it missed.
 * The id of an event is the number of the next row, so that one that comes back goes on there.
 */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #clients = new Set<Client>();
  readonly #history: Sample[] = [];

  constructor(options: LiveFeedOptions) {
    this.#options = options;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Looks once a second until `signal` aborts; then every client is let go. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      try {
        this.tick();
      } catch (failure) {
        // Whoever looks must not stop what is looked at.
        this.#options.onFailure?.(failure);
      }
      const tookMs = clock.monotonicMs() - startMs;
      await clock.sleep(Math.max(EVERY_MS - tookMs, SHARE * tookMs), signal);
    }
    this.close();
  }

  /** Takes a sample, and tells the clients. */
  tick(): void {
    const { view } = this.#options;
    this.#remember(view.vitals());
    if (this.#clients.size === 0) return;
    const status = view.status();
    // One text for all who may do the same.
    const texts = new Map<string, string>();
    const batches = new Map<number, string>();
    for (const client of this.#clients) {
      const { identity } = client.stream;
      const state = client.stream.look();
      if (state === "over") this.#drop(client);
      if (state !== "ready") continue;
      this.#tellRows(client, status.results.added, batches);
      const role = identity?.role ?? "";
      const text = texts.get(role) ?? this.#statusText(status, identity);
      texts.set(role, text);
      this.#send(client, "status", text);
    }
  }

  /**
   * The stream of one client, undefined when there are too many.
   *
   * @param lastId The last id that it got: it goes on behind that.
   * @param identity Whose it is; undefined: nobody has to say.
   */
  open(lastId: string | undefined, identity?: Identity): ReadableStream<Uint8Array> | undefined {
    if (this.#clients.size >= STREAM_CLIENTS_MAX) return undefined;
    const stream = new EventStream({
      identity,
      stalledLooksMax: STALLED_LOOKS_MAX,
      onLeave: () => this.#clients.delete(client),
    });
    const client: Client = { stream, nextRow: this.#rowAfter(lastId) };
    this.#clients.add(client);
    this.#greet(client);
    return stream.body;
  }

  close(): void {
    for (const client of this.#clients) this.#drop(client);
  }

  #greet(client: Client): void {
    const { run, view } = this.#options;
    const status = view.status();
    const { identity } = client.stream;
    const you = identity === undefined ? null : viewOf(identity);
    this.#send(client, "hello", JSON.stringify({ run, history: this.#history, you }));
    this.#tellRows(client, status.results.added, new Map());
    this.#send(client, "status", this.#statusText(status, identity));
  }

  #statusText(status: PipelineStatus, identity: Identity | undefined): string {
    const { view, mask, actions } = this.#options;
    const windows = view.windowsNow();
    return JSON.stringify(mask({ ...status, windows, actions: actions(identity) }));
  }

  #tellRows(client: Client, added: number, batches: Map<number, string>): void {
    if (client.nextRow >= added) return;
    let text = batches.get(client.nextRow);
    if (text === undefined) {
      text = JSON.stringify(this.#options.view.rowsSince(client.nextRow, STREAM_ROWS_MAX));
      batches.set(client.nextRow, text);
    }
    client.nextRow = added;
    this.#send(client, "rows", text);
  }

  #send(client: Client, event: string, data: string): void {
    const id = `${this.#options.run}.${client.nextRow}`;
    client.stream.send({ id, event, data });
  }

  #drop(client: Client): void {
    this.#clients.delete(client);
    client.stream.close();
  }

  /** A client that is new is told some rows, so that it does not begin empty. */
  #rowAfter(lastId: string | undefined): number {
    const { added } = this.#options.view.vitals().results;
    const match = /^(\w{1,64})\.(\d{1,15})$/.exec(lastId ?? "");
    if (match === null || match[1] !== this.#options.run)
      return Math.max(added - STREAM_ROWS_MAX, 0);
    return Math.min(Number(match[2]), added);
  }

  #remember({ now, ledger, results, watermark_lag_seconds, sinks }: PipelineVitals): void {
    const { received, late, future, invalid, over_limit } = ledger;
    const outbox = sinks.reduce((sum, sink) => sum + sink.outbox, 0);
    const refused = late + future + invalid + over_limit;
    // Asked twice at one moment: there is no rate between them.
    if (this.#history.at(-1)?.[0] === now) return;
    this.#history.push([now, received, results.added, watermark_lag_seconds, outbox, refused]);
    if (this.#history.length > HISTORY_SAMPLES_MAX) this.#history.shift();
  }
}
