import type { PipelineStatus, ResultView, WindowStatus } from "../../../pipeline/view.ts";
import type { Sample } from "../../live-feed.ts";
import type { You } from "./api.ts";
import { EventReader } from "./event-reader.ts";

export type Status = PipelineStatus & {
  readonly windows: readonly WindowStatus[];
  /** What an operator may do. */
  readonly actions: readonly string[];
};

/** What the pages show: always the newest, and never more than so much of what was. */
export interface Live {
  /** `denied`: one has to sign in. */
  connection: "connecting" | "open" | "lost" | "denied";
  /** When the next try is, by `Date.now`. */
  retryAt: number;
  status: Status | undefined;
  /** Who looks; undefined: not known yet. */
  you: You | undefined;
  /** Which run of the service this is. */
  run: string;
  history: Sample[];
  /** The newest rows, oldest first. */
  rows: ResultView[];
  /** Rows that were too many to be sent. */
  skipped: number;
}

const HISTORY_MAX = 900;
const ROWS_MAX = 200;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;
/** A status comes every second, unless the service is very busy: then the line is cut. */
const SILENCE_MS_MAX = 30_000;

export const live: Live = {
  connection: "connecting",
  retryAt: 0,
  status: undefined,
  you: undefined,
  run: "",
  history: [],
  rows: [],
  skipped: 0,
};

type Listener = (live: Live) => void;

const listeners = new Set<Listener>();
let isAsked = false;

/** Told at most once a frame; a page that nobody sees is not drawn. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function changed(): void {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    for (const listener of listeners) listener(live);
  });
}

let lastId: string | undefined;
let current: AbortController | undefined;
let wake: () => void = () => {};

/** Tries again at once. */
export function reconnect(): void {
  current?.abort();
  wake();
}

/** Reads the stream for ever: after a cut from where it was. */
export async function follow(): Promise<never> {
  let retryMs = RETRY_MS_MIN;
  for (;;) {
    const began = performance.now();
    const outcome = await readOnce();
    if (performance.now() - began > RETRY_MS_MAX) retryMs = RETRY_MS_MIN;
    live.connection = outcome;
    // What was shown was for who was signed in.
    if (outcome === "denied") forget();
    live.retryAt = Date.now() + retryMs;
    changed();
    await new Promise<void>((resolve) => {
      wake = resolve;
      // Before somebody signs in there is no use in trying.
      if (outcome === "lost") setTimeout(resolve, retryMs);
    });
    retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
    live.connection = "connecting";
    changed();
  }
}

async function readOnce(): Promise<"lost" | "denied"> {
  const cut = new AbortController();
  current = cut;
  let timer = setTimeout(() => cut.abort(), SILENCE_MS_MAX);
  try {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (lastId !== undefined) headers["last-event-id"] = lastId;
    const answer = await fetch("/stream", { headers, signal: cut.signal, cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) return "denied";
    if (!answer.ok || answer.body === null) return "lost";
    const events = new EventReader((event, data, id) => {
      take(event, data);
      if (id !== "") lastId = id;
    });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "lost";
      clearTimeout(timer);
      timer = setTimeout(() => cut.abort(), SILENCE_MS_MAX);
      events.push(value);
    }
  } catch {
    return "lost";
  } finally {
    clearTimeout(timer);
  }
}

function forget(): void {
  lastId = undefined;
  Object.assign(live, { status: undefined, you: undefined, run: "", history: [], rows: [] });
}

function take(event: string, data: string): void {
  // Our own service wrote it.
  if (event === "hello") {
    const hello = JSON.parse(data) as Pick<Live, "run" | "history"> & { you: You | null };
    if (hello.run !== live.run) live.rows = [];
    Object.assign(live, {
      run: hello.run,
      history: hello.history,
      you: hello.you ?? undefined,
    });
  } else if (event === "rows") {
    const { rows, skipped } = JSON.parse(data) as { rows: ResultView[]; skipped: number };
    live.rows = [...live.rows, ...rows].slice(-ROWS_MAX);
    live.skipped += skipped;
  } else if (event === "status") {
    live.status = JSON.parse(data) as Status;
    live.connection = "open";
    remember(live.status);
  }
  changed();
}

function remember({ now, ledger, results, watermark_lag_seconds, sinks }: Status): void {
  if (now <= (live.history.at(-1)?.[0] ?? -Infinity)) return;
  const { received, late, future, invalid, over_limit } = ledger;
  const outbox = sinks.reduce((sum, sink) => sum + sink.outbox, 0);
  const refused = late + future + invalid + over_limit;
  live.history.push([now, received, results.added, watermark_lag_seconds, outbox, refused]);
  if (live.history.length > HISTORY_MAX) live.history.shift();
}
