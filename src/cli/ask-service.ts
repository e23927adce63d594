import { FatalError, messageOf } from "../core/errors.ts";
import { UsageError } from "./exit.ts";

const TIMEOUT_MS = 10_000;

export interface AskOptions {
  /** As it was given: `http://plant-7:8000`. */
  readonly base: string;
  /** `/ledger`, with its query. */
  readonly path: string;
  /** Bearer token; undefined: none is sent. */
  readonly token: string | undefined;
}

/**
 * Asks a running service over HTTP.
 *
 * @returns What its JSON says; the caller knows the shape of what it asked for.
 * @throws {UsageError} The URL is none. @throws {FatalError} It cannot be reached, or refuses.
 */
export async function askService({ base, path, token }: AskOptions): Promise<unknown> {
  const url = URL.parse(base.replace(/\/$/, "") + path);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new UsageError(`Cannot ask "${base}": must be a URL such as http://plant-7:8000`);
  }
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await answer.text();
  } catch (failure) {
    throw new FatalError(`Cannot reach the service at ${url.host}: ${messageOf(failure)}`);
  }
  if (answer.status === 401) {
    throw new FatalError(`Service at ${url.host} wants a token: give it in AGGREGATOR_TOKEN`);
  }
  try {
    if (answer.ok) return JSON.parse(text);
  } catch {
    // Said below.
  }
  throw new FatalError(
    `Service at ${url.host} answers with status ${answer.status}: ${text.slice(0, 200)}`,
  );
}
