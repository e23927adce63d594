import type { Clock } from "../../core/clock.ts";
import { messageOf, TransientError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { redact } from "../../core/redact.ts";
import { retryAfterMs } from "../../core/retry-after.ts";
import type { OtlpSettings } from "../../core/settings.ts";
import { secondsOf } from "../../core/time.ts";
import { readPem, tlsInit } from "../../sources/vabus/tls.ts";
import { GuardedCalls } from "../guarded-calls.ts";
import type { MetricSet } from "./metric-set.ts";
import { otlpRequestOf } from "./otlp-json.ts";

/** What of an answer is read: more than any that says something. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** What of it is told to people. */
const SAID_MAX = 300;

/** How long the last push, when the service stops, may take. */
const LAST_PUSH_MS_MAX = 2_000;

/** Answers after which the same may be sent again (OTLP 1.x, "Retryable response codes"). */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What came of the pushes so far; goes on over a reload. */
export class OtlpCounts {
  /** `partial`: the collector left some points out. `skipped`: the breaker was open. */
  readonly exports = { pushed: 0, partial: 0, failed: 0, skipped: 0 };
  rejectedPoints = 0;
}

export interface OtlpPushOptions {
  readonly settings: OtlpSettings;
  /** Attributes of the resource, under those of the settings. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  readonly collect: () => MetricSet;
  /** When counting began, as Unix seconds. */
  readonly startedAt: number;
  readonly counts: OtlpCounts;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/**
 * Pushes the metrics to a collector, every so often and once more at the end. All of them are cumulative: what
 * could not be pushed is part of the next push, so nothing waits in memory. A breaker decides whether it is
 * tried.
 */
export class OtlpPush {
  readonly #options: OtlpPushOptions;
  readonly #calls: GuardedCalls;
  readonly #tls: RequestInit;
  #isFailing = false;
  #isPartial = false;

  /** @throws {FatalError} The certificate cannot be read. */
  constructor(options: OtlpPushOptions) {
    const { settings, clock, logger, random } = options;
    this.#options = options;
    this.#tls = tlsInit({
      ca: readPem(settings.ca, "metrics.otlp.ca"),
      cert: undefined,
      key: undefined,
    });
    this.#calls = new GuardedCalls({ label: "the metrics by OTLP", clock, logger, random });
  }

  /** Pushes until `signal` aborts, and then once. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(settings.everyMs, signal);
      if (!signal.aborted) await this.#push(signal, settings.timeoutMs);
    }
    const { signal: never } = new AbortController();
    await this.#push(never, Math.min(settings.timeoutMs, LAST_PUSH_MS_MAX));
  }

  async #push(signal: AbortSignal, ms: number): Promise<void> {
    const { counts } = this.#options;
    if (!this.#calls.breaker.admitNow()) {
      counts.exports.skipped++;
      return;
    }
    try {
      const action = "Cannot push metrics";
      await this.#calls.once((over) => this.#send(over), { action, ms, signal });
      if (this.#isFailing) this.#options.logger.info("Metrics are pushed again.");
      this.#isFailing = false;
    } catch (failure) {
      if (signal.aborted) return;
      counts.exports.failed++;
      if (!this.#isFailing) {
        this.#options.logger.warn("Metrics could not be pushed; the next push holds them, too.", {
          url: this.#options.settings.url,
          error: this.#shown(messageOf(failure)),
        });
      }
      this.#isFailing = true;
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { settings, clock, counts } = this.#options;
    const response = await this.#fetch(signal);
    const body = await startOf(response);
    const { status } = response;
    if (status >= 200 && status < 300) {
      const { rejected, message } = partialSuccessOf(body);
      counts.rejectedPoints += rejected;
      if (rejected > 0) counts.exports.partial++;
      else counts.exports.pushed++;
      if (message !== "" || rejected > 0) this.#tellPartial({ rejected, message });
      else this.#isPartial = false;
      return;
    }
    const said = this.#shown(body.slice(0, SAID_MAX).trim());
    const why = `The collector answers ${status}${said === "" ? "" : `: ${said}`}`;
    if (status >= 300 && status < 400) {
      throw new Error(`${why}; it points elsewhere: set metrics.otlp.url to where it is`);
    }
    if (!RETRYABLE.has(status)) throw new Error(`${why}; see metrics.otlp of ${settings.url}`);
    const nowMs = clock.now() / 1000;
    const pause = retryAfterMs(response.headers.get("retry-after"), nowMs);
    throw new TransientError(why, pause === undefined ? {} : { retryAfterMs: pause });
  }

  async #fetch(signal: AbortSignal): Promise<Response> {
    const { settings, resource, version, collect, startedAt, clock } = this.#options;
    const request = otlpRequestOf(collect(), {
      resource: { ...resource, ...settings.resource },
      version,
      now: secondsOf(clock.now()),
      startedAt,
    });
    try {
      return await fetch(settings.url, {
        method: "POST",
        headers: {
          "user-agent": `aggregator/${version}`,
          ...settings.headers,
          "content-type": "application/json",
        },
        body: JSON.stringify(request),
        // Headers with keys must not go where somebody points to.
        redirect: "manual",
        signal,
        ...this.#tls,
      });
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      throw new TransientError(messageOf(thrown), { cause: thrown });
    }
  }

  /** The first time, and again when it was well in between. */
  #tellPartial({ rejected, message }: { rejected: number; message: string }): void {
    if (this.#isPartial) return;
    this.#isPartial = true;
    this.#options.logger.warn("The collector did not take all of the metrics, or has a remark.", {
      rejected,
      message: this.#shown(message.slice(0, SAID_MAX)),
    });
  }

  /** A server may echo what it was sent. */
  #shown(text: string): string {
    return redact(text, Object.values(this.#options.settings.headers));
  }
}

/** What a body begins with, as text. The rest is not waited for. */
async function startOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; length < ANSWER_BYTES_MAX; ) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) return text + decoder.decode();
    length += chunk.value.length;
    text += decoder.decode(chunk.value, { stream: true });
  }
  await reader?.cancel();
  return text;
}

/** What of an `ExportMetricsServiceResponse` is told; one that is none, or empty, says that all is well. */
function partialSuccessOf(body: string): { readonly rejected: number; readonly message: string } {
  try {
    const { partialSuccess } = JSON.parse(body) as {
      readonly partialSuccess?: { rejectedDataPoints?: unknown; errorMessage?: unknown } | null;
    };
    const { rejectedDataPoints, errorMessage } = partialSuccess ?? {};
    const rejected = Number(rejectedDataPoints ?? 0); // a 64-bit number is a text
    return {
      rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
      message: typeof errorMessage === "string" ? errorMessage : "",
    };
  } catch {
    return { rejected: 0, message: "" };
  }
}
