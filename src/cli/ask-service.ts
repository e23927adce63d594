import { FatalError, messageOf, TransientError } from "../core/errors.ts";
import { tlsInit } from "../sources/vabus/tls.ts";
import type { Connection } from "./connection.ts";
import { UsageError } from "./exit.ts";

const TIMEOUT_MS = 10_000;

export interface AskOptions extends Connection {
  /** As it was given: `http://plant-7:8000`. */
  readonly base: string;
  /** `/ledger`, with its query. */
  readonly path: string;
  /** Sent as the JSON body of a POST; absent: it is a GET. */
  readonly post?: object;
  /** How long it may take; absent: ten seconds. */
  readonly timeoutMs?: number;
}

/**
 * Asks a running service over HTTP.
 *
 * @returns What its JSON says; the caller knows the shape of what it asked for.
 * @throws {UsageError} The URL is none. @throws {FatalError} It cannot be reached, or refuses.
 */
export async function askService(options: AskOptions): Promise<unknown> {
  const { token, tls, post, timeoutMs = TIMEOUT_MS } = options;
  const url = urlOf(options);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(post === undefined ? {} : { method: "POST", body: JSON.stringify(post) }),
      signal: AbortSignal.timeout(timeoutMs),
      ...(tls === undefined ? {} : tlsInit(tls)),
    });
    text = await answer.text();
  } catch (failure) {
    throw new FatalError(unreached(url, failure));
  }
  try {
    if (answer.ok) return JSON.parse(text);
  } catch {
    // Said below.
  }
  throw refusalOf(answer.status, { text, url, token });
}

export interface StreamOptions extends Pick<AskOptions, "base" | "path" | "token" | "tls"> {
  /** Id of the last event that was got; undefined: there was none. */
  readonly lastId: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Opens a stream of server-sent events.
 *
 * @throws {UsageError} The URL is none. @throws {TransientError} It cannot be reached. @throws {FatalError} It
 *   refuses.
 */
export async function openStream(options: StreamOptions): Promise<ReadableStream<Uint8Array>> {
  const { token, tls, lastId, signal } = options;
  const url = urlOf(options);
  let answer: Response;
  let text = "";
  try {
    answer = await fetch(url, {
      headers: {
        accept: "text/event-stream",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(lastId === undefined ? {} : { "last-event-id": lastId }),
      },
      signal,
      ...(tls === undefined ? {} : tlsInit(tls)),
    });
    if (answer.ok && answer.body !== null) return answer.body;
    text = await answer.text();
  } catch (failure) {
    throw new TransientError(unreached(url, failure), { cause: failure });
  }
  throw refusalOf(answer.status, { text, url, token });
}

/** @throws {UsageError} The base is no URL of a service. */
export function urlOf({ base, path }: Pick<AskOptions, "base" | "path">): URL {
  const url = URL.parse(base.replace(/\/$/, "") + path);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new UsageError(`Cannot ask "${base}": must be a URL such as http://plant-7:8000`);
}

function unreached(url: URL, failure: unknown): string {
  const why = messageOf(failure);
  return `Cannot reach the service at ${url.host}: ${why}${hintFor(url, why)}`;
}

/** What a person may do about a certificate. */
function hintFor(url: URL, why: string): string {
  if (url.protocol !== "https:") return "";
  if (/altname|notvalidforname/i.test(why)) {
    return "; its certificate is for other names: ask for the service by a URL with one of them";
  }
  if (!/certificate|self.signed|unknownissuer/i.test(why)) return "";
  return "; --ca names the file of the authority that signed it";
}

/** What an answer that is none means. */
function refusalOf(
  status: number,
  asked: { readonly text: string; readonly url: URL; readonly token: string | undefined },
): FatalError {
  const { text, url, token } = asked;
  if (status === 401) {
    return new FatalError(
      token === undefined
        ? `Service at ${url.host} wants a token: give it in AGGREGATOR_TOKEN, or by --token`
        : `Service at ${url.host} refuses the token: it is wrong; the right one belongs in AGGREGATOR_TOKEN`,
    );
  }
  const said = errorIn(text);
  if (said !== undefined) return new FatalError(`Service at ${url.host} refuses: ${said}`);
  return new FatalError(
    `Service at ${url.host} answers with status ${status}: ${text.slice(0, 200)}`,
  );
}

/** The reason in an answer of ours: `{"error": "…"}`. */
function errorIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}
