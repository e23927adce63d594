import { type Context, Hono } from "hono";
import type { Clock } from "../core/clock.ts";
import { messageOf, TransientError } from "../core/errors.ts";
import { CursorGoneError, type EventLog, LogFullError } from "../core/event-log.ts";
import type { Logger } from "../core/logger.ts";
import { secondsOf } from "../core/time.ts";
import { readBody } from "./body.ts";
import { BusCounts } from "./bus-counts.ts";
import { checkMetric } from "./check-metric.ts";
import { Popper } from "./popper.ts";
import { type Publication, type RecordChecks, readPublication } from "./publication.ts";
import { queryOf, RequestError, readerQuery, takerQuery } from "./query.ts";
import { BUS_ROUTES } from "./routes.ts";

export interface BusOptions {
  readonly events: EventLog;
  /** Metrics have a journal of their own, so that they are never aggregated by accident. */
  readonly metrics: EventLog;
  /** Says at each publication what an event is: `checkEvent` with the rules of the configuration. */
  readonly checks: () => RecordChecks;
  /** File of the cursor of `GET event`, beside the journal. */
  readonly popCursorPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends every wait, so that the server can stop. */
  readonly stopping: AbortSignal;
  /** Counts what comes and goes. */
  readonly counts?: BusCounts;
}

/** When to come again after a failure of the disk. */
const FAILURE_RETRY_MS = 1_000;

/**
 * Our own VaBus: `events`, `event`, `metrics` and `health` below the path where it is mounted. Events
 * are acknowledged when they are on disk. A read by cursor takes nothing away.
 *
 * The server must let a request be silent for `WAIT_SECONDS_MAX`, and authenticate.
 */
export function createBus(options: BusOptions): Hono {
  const { events, metrics, clock, logger, stopping, counts = new BusCounts() } = options;
  const popper = new Popper({ log: events, cursorPath: options.popCursorPath, clock, logger });
  const bus = new Hono();

  // The router answers HEAD with the handler of GET: that of `event` would take an event away.
  bus.use(async (context, next) => {
    if (context.req.raw.method !== "HEAD") return await next();
    return notAllowed(context, allowedAt(context.req.path));
  });

  bus.get("/events", (context) => readLog(context, { log: events, stopping, counts }));
  bus.get("/metrics", (context) => readLog(context, { log: metrics, stopping, counts }));
  bus.get("/event", async (context) => {
    const { wait } = queryOf(context, takerQuery);
    const signal = AbortSignal.any([context.req.raw.signal, stopping]);
    const line = await counts.waitFor(() => popper.take(wait * 1000, signal));
    if (line === undefined) return context.body(null, 204);
    counts.read++;
    return context.body(ownBytes(line), 200, { "Content-Type": "application/json" });
  });

  bus.post("/events", async (context) => {
    const publication = readPublication(await readBody(context.req.raw), options.checks());
    const answer = await store(context, events, publication);
    counts.publish("events", publication);
    return answer;
  });
  bus.post("/metrics", async (context) => {
    const now = secondsOf(clock.now());
    const body = await readBody(context.req.raw);
    const publication = readPublication(body, { record: (record) => checkMetric(record, now) });
    const answer = await store(context, metrics, publication);
    counts.publish("metrics", publication);
    return answer;
  });

  bus.get("/health", (context) => {
    const { bytes, bytesMax, events: held } = events.usage();
    return context.json({ status: "ok", bytes, bytes_max: bytesMax, events: held });
  });

  for (const path of Object.keys(METHODS)) {
    bus.all(path, (context) => notAllowed(context, METHODS[path]!)); // a key of it
  }
  bus.notFound((context) => {
    const paths = Object.keys(METHODS).join(", ");
    return context.json({ error: `Cannot find "${context.req.path}": the bus has ${paths}` }, 404);
  });
  bus.onError((error, context) => {
    const answer = answerError(error, context, logger);
    if (answer.status === 503) counts.unavailable++;
    return answer;
  });
  return bus;
}

/** What each path takes. */
const METHODS: Readonly<Record<string, string>> = Object.fromEntries(
  BUS_ROUTES.map(({ path }) => [path, methodsAt(path)]),
);

function methodsAt(path: string): string {
  const methods = BUS_ROUTES.filter((route) => route.path === path).map(({ method }) => method);
  return methods.sort().join(", ");
}

async function readLog(
  context: Context,
  {
    log,
    stopping,
    counts,
  }: { readonly log: EventLog; readonly stopping: AbortSignal; readonly counts: BusCounts },
): Promise<Response> {
  const { after: asked, limit, wait } = queryOf(context, readerQuery);
  const after = asked || undefined; // an empty one is none
  const signal = AbortSignal.any([context.req.raw.signal, stopping]);
  let read = await counts.waitFor(() =>
    log
      .read({ after, limit, waitMs: wait * 1000 }, signal)
      .catch((thrown: unknown) => endOfWait(thrown, signal)),
  );
  // Who waits while the server stops is told where to go on, as if the wait had passed.
  read ??= await log.read({ after, limit, waitMs: 0 }, new AbortController().signal);
  context.header("VaBus-Cursor", read.cursor);
  context.header("VaBus-Pending", String(read.pending));
  if (read.events === 0) return context.body(null, 204);
  counts.read += read.events;
  return context.body(ownBytes(read.bytes.subarray(0, read.length)), 200, {
    "Content-Type": "application/x-ndjson",
  });
}

function endOfWait(thrown: unknown, signal: AbortSignal): undefined {
  if (!signal.aborted) throw thrown;
}

async function store(context: Context, log: EventLog, publication: Publication): Promise<Response> {
  const { lines, accepted, rejected, rejectedCount } = publication;
  const cursor = await log.append(lines, accepted);
  return context.json({ accepted, rejected, rejected_count: rejectedCount, cursor }, 202);
}

function answerError(error: unknown, context: Context, logger: Logger): Response {
  const body = { error: messageOf(error) };
  if (error instanceof RequestError) return context.json(body, error.status);
  if (error instanceof RangeError) return context.json(body, 400);
  if (error instanceof CursorGoneError) {
    return context.json({ ...body, oldest: error.oldest, lost: error.lost }, 410);
  }
  if (error instanceof LogFullError || error instanceof TransientError) {
    const retryAfterMs = error.retryAfterMs ?? FAILURE_RETRY_MS;
    return context.json(body, 503, { "Retry-After": String(Math.ceil(retryAfterMs / 1000)) });
  }
  if (context.req.raw.signal.aborted) {
    // Whoever cuts its own request could fill the log, and nobody reads the answer.
    logger.debug("A client left before the bus had answered.", { path: context.req.path, ...body });
    return context.json({ error: "The request was cut off" }, 400);
  }
  logger.error("The bus failed to answer a request.", {
    method: context.req.method,
    path: context.req.path,
    error: messageOf(error),
  });
  return context.json({ error: "The bus failed; its log says why" }, 500);
}

function allowedAt(path: string): string {
  const mounted = Object.keys(METHODS).find((known) => path.endsWith(known));
  return mounted === undefined ? "GET" : METHODS[mounted]!; // a key of it
}

function notAllowed(context: Context, allowed: string): Response {
  const error = `Cannot ${context.req.raw.method} ${context.req.path}: it takes ${allowed}`;
  return context.json({ error }, 405, { Allow: allowed });
}

/** Bytes of ours lie in a buffer that nobody shares; the types of the web ask for this to be said. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
