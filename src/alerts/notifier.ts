import type { NotifierSettings } from "../core/alert-settings.ts";
import type { Clock } from "../core/clock.ts";
import { messageOf, TransientError } from "../core/errors.ts";
import { NOTICES_PER_MESSAGE } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { OutsideCalls } from "../core/outside-calls.ts";
import { redact } from "../core/redact.ts";
import { retryAfterMs } from "../core/retry-after.ts";
import { secondsOf } from "../core/time.ts";
import type { NotifierView } from "../pipeline/view.ts";
import type { Book, Incident } from "./book.ts";
import { messageFor } from "./message.ts";

export interface NotifierOptions {
  readonly book: Book;
  readonly calls: OutsideCalls;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pipeline: string;
  readonly secrets: readonly string[];
  /** Where a person looks. */
  readonly link: () => string;
  /** What it was told is to be kept. */
  readonly onTold: () => void;
}

/** Answers that another try may mend. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** Of an answer so many characters are told. */
const ANSWER_LENGTH_MAX = 200;

/** What Prometheus waits for four of its pauses, so does Alertmanager for us. */
const HOLDS_FOR_REPEATS = 4;

/**
 * Tells one receiver what the book says it has to hear, in one message for what changes within a moment. What
 * fails is tried again for as long as it takes; what the receiver refuses is counted, and said again later.
 */
export class Notifier {
  readonly settings: NotifierSettings;
  readonly #options: NotifierOptions;
  #wake = new AbortController();
  #sent = 0;
  #errors = 0;
  #problem: string | undefined;

  constructor(settings: NotifierSettings, options: NotifierOptions) {
    this.settings = settings;
    this.#options = options;
  }

  /** Why it cannot be told; undefined: it can, as far as is known. */
  get problem(): string | undefined {
    return this.#problem;
  }

  view(): NotifierView {
    const { name, kind } = this.settings;
    const { book } = this.#options;
    return {
      name,
      kind,
      sent: this.#sent,
      errors: this.#errors,
      dropped: book.dropped.get(name) ?? 0,
      waiting: book.waiting(name),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  /** There may be something to tell. */
  wake(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Tells until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { book, clock } = this.#options;
    const { name, groupWaitMs } = this.settings;
    while (!signal.aborted) {
      const woken = AbortSignal.any([signal, this.#wake.signal]);
      if (book.owedTo(name, 1).length === 0) await clock.sleep(Infinity, woken);
      else {
        await clock.sleep(groupWaitMs, signal);
        if (!signal.aborted) await this.tellOnce(signal);
      }
    }
  }

  /** One message, tried some times. Resolves whatever becomes of it. */
  async tellOnce(signal: AbortSignal): Promise<void> {
    const { book, calls, clock } = this.#options;
    const { name, timeoutMs } = this.settings;
    const incidents = book.owedTo(name, NOTICES_PER_MESSAGE);
    if (incidents.length === 0) return;
    try {
      const action = `Cannot tell ${name} of alerts`;
      await calls.call((over) => this.#send(incidents, over), { action, ms: timeoutMs, signal });
      book.delivered(name, incidents, secondsOf(clock.now()));
      this.#sent += incidents.length;
      this.#succeeded();
    } catch (failure) {
      if (signal.aborted) return;
      this.#failed(failure);
      if (!(failure instanceof TransientError)) {
        book.drop(name, incidents, secondsOf(clock.now()));
      }
    }
    this.#options.onTold();
  }

  /**
   * Sends a message about an alert that is none, in one try.
   *
   * @throws {Error} Why it did not take it, without what is secret.
   */
  async test(): Promise<void> {
    const { clock, pipeline } = this.#options;
    const { name, timeoutMs } = this.settings;
    const now = secondsOf(clock.now());
    const incident: Incident = {
      alert: "notifier_test",
      key: "{}",
      severity: "info",
      labels: { notifier: name },
      annotations: {},
      summary: `This is a test of notifier ${name} by pipeline ${pipeline}`,
      description: "Nothing is out of order. Somebody asked for this message.",
      value: null,
      startsAt: now,
      // Over soon by itself, wherever it is kept.
      endsAt: undefined,
    };
    const over = new AbortController();
    const answered = new AbortController();
    void clock.sleep(timeoutMs, answered.signal).then(() => over.abort());
    try {
      await this.#send([incident], over.signal);
      this.#succeeded();
    } catch (failure) {
      const why = over.signal.aborted ? `no answer within ${timeoutMs} ms` : messageOf(failure);
      throw new Error(`Cannot tell ${name}: ${this.#shown(why)}`, { cause: failure });
    } finally {
      answered.abort();
    }
  }

  #succeeded(): void {
    const { name: notifier } = this.settings;
    if (this.#problem !== undefined) {
      this.#options.logger.info("A notifier takes alerts again.", { notifier });
    }
    this.#problem = undefined;
  }

  #failed(failure: unknown): void {
    const { logger } = this.#options;
    const { name } = this.settings;
    const error = this.#shown(messageOf(failure));
    this.#errors++;
    if (!(failure instanceof TransientError)) {
      // It is asked again, and may say the same each time.
      if (this.#problem !== error) {
        logger.error("A notifier refuses alerts; it is asked again while they fire.", {
          notifier: name,
          error,
        });
      }
    } else if (this.#problem === undefined) {
      logger.error("A notifier cannot be told of alerts; it is tried again.", {
        notifier: name,
        error,
      });
    }
    this.#problem = error;
  }

  /** A URL of Slack is a secret in itself, and many a server names the path of it when it refuses. */
  #shown(text: string): string {
    const { kind, url } = this.settings;
    const { pathname, search } = new URL(url);
    const paths = kind === "alertmanager" ? [] : [pathname + search, pathname, search];
    const secrets = [...this.#options.secrets, url, ...paths.filter(({ length }) => length > 2)];
    return redact(text, secrets);
  }

  async #send(incidents: readonly Incident[], signal: AbortSignal): Promise<void> {
    const { clock, pipeline, link } = this.#options;
    const { headers, repeatMs = 60_000 } = this.settings;
    const { url, body } = messageFor(this.settings, incidents, {
      pipeline,
      link: link(),
      now: secondsOf(clock.now()),
      holdsFor: (HOLDS_FOR_REPEATS * repeatMs) / 1000,
    });
    let answer: Response;
    let text: string;
    try {
      const all = { "content-type": "application/json", ...headers };
      answer = await fetch(url, { method: "POST", headers: all, body, signal, redirect: "manual" });
      text = await beginningOf(answer);
    } catch (failure) {
      throw new TransientError(messageOf(failure), { cause: failure });
    }
    if (answer.ok) return;
    const message = `status ${answer.status}${text === "" ? "" : `: ${text}`}`;
    if (answer.status < 500 && !PASSING.has(answer.status)) throw new Error(message);
    const pause = retryAfterMs(answer.headers.get("retry-after"), clock.now() / 1000);
    throw new TransientError(message, pause === undefined ? {} : { retryAfterMs: pause });
  }
}

/** What it says first: an answer may be of any length, and whoever sends it is not ours. */
async function beginningOf(answer: Response): Promise<string> {
  const reader = answer.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (reader !== undefined && text.length < ANSWER_LENGTH_MAX) {
    const { value } = await reader.read();
    if (value === undefined) break;
    text += decoder.decode(value.subarray(0, 4 * ANSWER_LENGTH_MAX), { stream: true });
  }
  await reader?.cancel();
  return text.slice(0, ANSWER_LENGTH_MAX);
}
