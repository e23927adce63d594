import type { Clock } from "../../core/clock.ts";
import { FatalError, messageOf, TransientError } from "../../core/errors.ts";
import { SCAN_SLACK_BYTES } from "../../core/limits.ts";
import { retryAfterMs } from "../../core/retry-after.ts";
import { describeVabus, type VabusOptions } from "./options.ts";
import { readPem, tlsInit } from "./tls.ts";

/** An answer larger than this is no batch: it must not fill the memory. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Memory that is taken because an answer says that it is long; more only as it comes. */
const HINT_BYTES_MAX = 4 * 1024 * 1024;

/** An answer that came whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body in [0, `length`), with slack behind. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly length: number;
  /** Whether its end is known to be its end: a length or chunks say so. */
  readonly framed: boolean;
}

export interface BusRequest {
  /** For messages: `read from`. */
  readonly action: string;
  readonly path: string;
  readonly method: string;
  readonly query?: readonly (readonly [string | null, string | undefined])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Memory for the answer, where that is enough; left out: new memory. */
  readonly into?: Uint8Array<ArrayBuffer> | undefined;
}

/** Speaks HTTP to a bus. */
export class BusClient {
  /** How a person finds it; without secrets. */
  readonly place: string;
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #tls: RequestInit;
  readonly #clock: Clock;

  /** @throws {FatalError} A certificate cannot be read. */
  constructor(options: VabusOptions, clock: Clock) {
    this.place = describeVabus(options);
    this.#clock = clock;
    this.#base = new URL(options.url);
    this.#headers = headersOf(options, this.#base);
    // fetch refuses a URL with credentials, and would print it.
    this.#base.username = "";
    this.#base.password = "";
    this.#base.pathname = this.#base.pathname.replace(/\/*$/, "/");
    this.#tls = tlsInit({
      ca: readPem(options.ca, "the certificate file"),
      cert: readPem(options.cert, "the certificate file"),
      key: readPem(options.key, "the certificate file"),
    });
  }

  /**
   * Sends a request and reads the whole answer.
   *
   * @throws {TransientError} The bus is away, too slow or busy.
   * @throws {FatalError} It refuses what we ask.
   */
  async send(request: BusRequest, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const over = new AbortController();
    const done = new AbortController();
    let late = false;
    void this.#clock.sleep(request.timeoutMs, AbortSignal.any([signal, done.signal])).then(() => {
      late = !done.signal.aborted && !signal.aborted;
      if (!done.signal.aborted) over.abort(signal.reason);
    });
    try {
      const response = await fetch(this.#urlOf(request), {
        method: request.method,
        headers: { ...this.#headers, ...request.headers },
        ...(request.body === undefined ? {} : { body: request.body }),
        signal: over.signal,
        ...this.#tls,
      });
      const body = await readWhole(response, { place: this.place, into: request.into });
      this.#checkStatus(response, { ...body, action: request.action });
      return { ...body, status: response.status, headers: response.headers };
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      if (thrown instanceof FatalError || thrown instanceof TransientError) throw thrown;
      const seconds = request.timeoutMs / 1000;
      const why = late ? `no answer within ${seconds} s` : reasonOf(thrown);
      throw new TransientError(`Cannot ${request.action} ${this.place}: ${why}`, { cause: thrown });
    } finally {
      done.abort();
    }
  }

  #urlOf(request: BusRequest): URL {
    // Joined, not resolved: a leading slash must not leave the path of the URL.
    const url = new URL(this.#base);
    url.pathname += request.path.replace(/^\/+/, "");
    for (const [name, value] of request.query ?? []) {
      if (name !== null && value !== undefined) url.searchParams.set(name, value);
    }
    return url;
  }

  /** 410 is an answer: the reader knows what it means. */
  #checkStatus(
    response: Response,
    body: { bytes: Uint8Array; length: number; action: string },
  ): void {
    const { status } = response;
    if (response.ok || status === 410) return;
    const said = new TextDecoder()
      .decode(body.bytes.subarray(0, Math.min(body.length, 300)))
      .trim();
    const message = `Cannot ${body.action} ${this.place}: status ${status}${said === "" ? "" : `, ${said}`}`;
    if (status >= 500 || status === 429 || status === 408 || status === 425) {
      const nowMs = this.#clock.now() / 1000;
      const ms = retryAfterMs(response.headers.get("Retry-After"), nowMs);
      throw new TransientError(message, ms === undefined ? {} : { retryAfterMs: ms });
    }
    if (status === 401 || status === 403) {
      throw new FatalError(`${message}; check the credentials: token, basic or headers`);
    }
    throw new FatalError(`${message}; check url, paths and query`);
  }
}

function headersOf(options: VabusOptions, url: URL): Record<string, string> {
  const headers: Record<string, string> = { "User-Agent": "aggregator", ...options.headers };
  if (!options.gzip) headers["Accept-Encoding"] = "identity";
  const basic =
    options.basic ??
    (url.username === "" && url.password === ""
      ? undefined
      : { user: decode(url.username), password: decode(url.password) });
  if (basic !== undefined) {
    const pair = new TextEncoder().encode(`${basic.user}:${basic.password}`);
    headers["Authorization"] = `Basic ${btoa(String.fromCharCode(...pair))}`;
  }
  if (options.token !== undefined) headers["Authorization"] = `Bearer ${options.token}`;
  return headers;
}

/** A bare `%` was never encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Why a request failed, in the words of the runtime but for what is not for the log: the address with its query,
 * where a bus may want a key.
 */
function reasonOf(thrown: unknown): string {
  let deepest = thrown;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  return messageOf(deepest).replace(
    / (?:fetching|for url|for) (?:"https?:[^"]*"|\(https?:[^)]*\)|https?:\S+)/g,
    "",
  );
}

async function readWhole(
  response: Response,
  options: { readonly place: string; readonly into: Uint8Array<ArrayBuffer> | undefined },
): Promise<Pick<Answer, "bytes" | "length" | "framed">> {
  const { place, into } = options;
  const { headers } = response;
  let bytes = roomFor(Number(headers.get("content-length") ?? 0), into);
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) break;
    const needed = length + chunk.value.length + SCAN_SLACK_BYTES;
    if (needed > ANSWER_BYTES_MAX) {
      await reader?.cancel();
      throw new FatalError(
        `Cannot read from ${place}: an answer has more than ${ANSWER_BYTES_MAX} bytes; lower limit`,
      );
    }
    if (needed > bytes.length) {
      const larger = new Uint8Array(Math.max(needed, bytes.length * 2));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(chunk.value, length);
    length += chunk.value.length;
  }
  const framed = ["content-length", "transfer-encoding", "content-encoding"].some((name) =>
    headers.has(name),
  );
  return { bytes, length, framed };
}

/** Memory for an answer that says how long it is: what it says is no more than a hint. */
function roomFor(said: number, into: Uint8Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> {
  const wanted = Math.min(Math.max(said, 0), HINT_BYTES_MAX) + SCAN_SLACK_BYTES;
  return into !== undefined && into.length >= wanted ? into : new Uint8Array(wanted);
}
