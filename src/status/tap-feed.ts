import type { Clock } from "../core/clock.ts";
import { TAP_ROWS_MAX } from "../core/limits.ts";
import type { OpenTap, PipelineView, ResultView, Tap } from "../pipeline/view.ts";
import type { Identity } from "./access/identity.ts";
import { EventStream } from "./event-stream.ts";
import type { TapQuery } from "./tap-query.ts";

export interface TapFeedOptions {
  readonly view: PipelineView;
  readonly tap: Tap;
  /** Tells this run of the service from another one: numbers of rows begin anew. */
  readonly run: string;
  /** Told when it could not look. */
  readonly onFailure?: (failure: unknown) => void;
}

const EVERY_MS = 200;

/** Messages about what was left out come this often, and tell both sides that the other one is there. */
const TICKS_PER_COUNT = 5;

/** Ticks after which one who takes nothing any more is given up. */
const STALLED_LOOKS_MAX = 300;

interface Client {
  readonly stream: EventStream;
  readonly query: TapQuery;
  readonly tap: OpenTap;
  /** Number of the next row that it has not got. */
  nextRow: number;
  /** Rows that may be sent, as a bound of their rate. */
  rowsLeft: number;
  ticks: number;
  /** Since the last count. */
  counts: { looked: number; events: number; refused: number; rows: number };
  /** Events received by then. */
  received: number;
}

/**
 * Server-sent events for `aggregator tap`: `hello`, then `event`, `refused` and `row` as they come, and every
 * second `counts`: what passed, what was looked at, and what was left out since there was too much of it.
 * The id of a message is that of the run, the number of the next row and the events received, so that one
 * that comes back gets the rows that it missed, and hears how many events.
 */
export class TapFeed {
  readonly #options: TapFeedOptions;
  readonly #clients = new Set<Client>();
  /** Ends the wait for somebody who looks. */
  #came = new AbortController();

  constructor(options: TapFeedOptions) {
    this.#options = options;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Rules that may be asked for. */
  get ruleNames(): readonly string[] {
    return this.#options.view.status().rules.map(({ name }) => name);
  }

  /** Tells what is new until `signal` aborts; then everybody is let go. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#clients.size === 0) await this.#somebody(clock, signal);
      try {
        this.tick();
      } catch (failure) {
        // Whoever looks must not stop what is looked at.
        this.#options.onFailure?.(failure);
      }
      await clock.sleep(EVERY_MS, signal);
    }
    for (const client of this.#clients) this.#drop(client);
  }

  /** Tells everybody what is new. */
  tick(): void {
    for (const client of this.#clients) {
      const state = client.stream.look();
      if (state === "over") this.#drop(client);
      else this.#tell(client, state);
    }
  }

  /**
   * The stream of one who looks, undefined when too many do.
   *
   * @param lastId The last id that it got: it goes on behind that.
   * @param identity Whose it is; undefined: nobody has to say.
   */
  open(
    query: TapQuery,
    lastId: string | undefined,
    identity?: Identity,
  ): ReadableStream<Uint8Array> | undefined {
    const { tap, view } = this.#options;
    const open = tap.open(query);
    if (open === undefined) return undefined;
    const stream = new EventStream({
      identity,
      stalledLooksMax: STALLED_LOOKS_MAX,
      onLeave: () => this.#forget(client),
    });
    const client: Client = {
      stream,
      query,
      tap: open,
      nextRow: view.vitals().results.added,
      rowsLeft: query.perSecond,
      ticks: 0,
      counts: { looked: 0, events: 0, refused: 0, rows: 0 },
      received: view.ledger().received,
    };
    this.#clients.add(client);
    this.#came.abort();
    this.#greet(client, lastId);
    return stream.body;
  }

  /** Mostly nobody looks, and then nothing has to be done several times a second. */
  async #somebody(clock: Clock, signal: AbortSignal): Promise<void> {
    this.#came = new AbortController();
    await clock.sleep(Infinity, AbortSignal.any([signal, this.#came.signal]));
  }

  #greet(client: Client, lastId: string | undefined): void {
    const { run, view } = this.#options;
    const { perSecond, rows } = client.query;
    const last = /^(\w{1,64})\.(\d{1,15})\.(\d{1,15})$/.exec(lastId ?? "");
    if (last === null) return this.#send(client, "hello", { run, rate: perSecond });
    if (last[1] !== run) {
      // What there was before a restart nobody knows any more.
      return this.#send(client, "hello", { run, rate: perSecond, missed: null });
    }
    const before = Number(last[2]);
    const since = view.rowsSince(Math.min(before, client.nextRow), TAP_ROWS_MAX);
    const missed = { events: Math.max(client.received - Number(last[3]), 0), rows: since.skipped };
    client.nextRow -= rows ? since.rows.length : 0;
    this.#send(client, "hello", { run, rate: perSecond, missed });
    if (!rows) return;
    for (const row of since.rows) {
      client.nextRow++;
      if (wantsRow(client.query, row)) this.#send(client, "row", row);
    }
  }

  #tell(client: Client, state: "ready" | "full"): void {
    const { view } = this.#options;
    const taken = client.tap.take();
    const { counts, query } = client;
    client.ticks++;
    counts.looked += taken.looked;
    counts.events += taken.dropped.events;
    counts.refused += taken.dropped.refused;
    if (state === "full") {
      counts.events += taken.events.length;
      counts.refused += taken.refused.length;
      return;
    }
    for (const event of taken.events) this.#send(client, "event", event);
    for (const refusal of taken.refused) this.#send(client, "refused", refusal);
    if (query.rows) this.#tellRows(client);
    if (client.ticks % TICKS_PER_COUNT !== 0) return;
    const { received } = view.ledger();
    const passed = Math.max(received - client.received, 0);
    client.received = received;
    const { looked, ...dropped } = counts;
    client.counts = { looked: 0, events: 0, refused: 0, rows: 0 };
    this.#send(client, "counts", { passed, looked, dropped });
  }

  #tellRows(client: Client): void {
    const { query, counts } = client;
    const { rows, skipped } = this.#options.view.rowsSince(client.nextRow, TAP_ROWS_MAX);
    client.nextRow += skipped;
    counts.rows += skipped;
    const more = (query.perSecond * EVERY_MS) / 1000;
    client.rowsLeft = Math.min(client.rowsLeft + more, Math.max(query.perSecond, 1));
    for (const row of rows) {
      // Its own number goes out with it: whoever is cut off here goes on behind this very row.
      client.nextRow++;
      if (!wantsRow(query, row)) continue;
      if (client.rowsLeft < 1) {
        counts.rows++;
        continue;
      }
      client.rowsLeft--;
      this.#send(client, "row", row);
    }
  }

  #send(client: Client, event: string, data: unknown): void {
    const id = `${this.#options.run}.${client.nextRow}.${client.received}`;
    client.stream.send({ id, event, data: JSON.stringify(data) });
  }

  #forget(client: Client): void {
    client.tap.close();
    this.#clients.delete(client);
  }

  #drop(client: Client): void {
    this.#forget(client);
    client.stream.close();
  }
}

function wantsRow({ name, rule, labels, aggFunc }: TapQuery, row: ResultView): boolean {
  if (rule !== undefined && row.rule !== rule) return false;
  if (aggFunc !== undefined && row.agg_func !== aggFunc) return false;
  if (name !== undefined && !name(row.name)) return false;
  if (labels === undefined) return true;
  return [...labels].every(([label, matches]) => {
    return Object.hasOwn(row.labels, label) && matches(row.labels[label]!);
  });
}
