import type { Clock } from "../core/clock.ts";
import { FatalError, TransientError } from "../core/errors.ts";
import type { History } from "../core/history.ts";
import { HISTORY_READS_MAX } from "../core/limits.ts";
import type { Settings, SinkSettings } from "../core/settings.ts";
import type { HistoryPage, HistoryRequest } from "./view.ts";

/** Charts that are asked for again within this time get the same answer. */
const FRESH_MS = 10_000;

const KEPT_MAX = 64;

/** Before the first window that anybody could mean, and behind the last: some centuries. */
const FROM_DEFAULT = -62_135_596_800;
const TO_DEFAULT = 253_402_300_800;

interface Kept {
  readonly untilMs: number;
  readonly page: Promise<HistoryPage>;
}

/** What the sinks hold of a series, further back than what is in memory. */
export class Histories {
  readonly #settings: () => Settings;
  readonly #clock: Clock;
  /** By what was asked for, the oldest use first. */
  readonly #kept = new Map<string, Kept>();
  #reading = 0;

  constructor(settings: () => Settings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * Reads it from the first sink of the rule that can be read. Who asks for the same again within some
   * seconds gets the same.
   *
   * @throws {TransientError} That sink is away, took too long, or too much is asked for at a time.
   * @throws {FatalError} No sink of the rule can be read.
   */
  async read(request: HistoryRequest): Promise<HistoryPage> {
    const key = JSON.stringify([request, this.#settings().name]);
    const nowMs = this.#clock.monotonicMs();
    const known = this.#kept.get(key);
    if (known !== undefined && nowMs < known.untilMs) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return await known.page;
    }
    const page = this.#readNow(request);
    this.#keep(key, { untilMs: nowMs + FRESH_MS, page });
    return await page;
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    // A failure is told to those who wait for it, and not kept.
    kept.page.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    });
  }

  async #readNow(request: HistoryRequest): Promise<HistoryPage> {
    const sink = readableOf(this.#settings(), request.rule);
    if (this.#reading >= HISTORY_READS_MAX) {
      throw new TransientError("Too many charts are being read, try again in a moment");
    }
    this.#reading++;
    try {
      return pageOf(sink.name, await this.#ask(sink, request));
    } finally {
      this.#reading--;
    }
  }

  async #ask(sink: SinkSettings, request: HistoryRequest): Promise<History> {
    const { from = FROM_DEFAULT, to = TO_DEFAULT, ...rest } = request;
    const query = { ...rest, from, to, pipeline: this.#settings().name };
    const { signal } = new AbortController();
    return await sink.definition.history!(sink.options, query, { clock: this.#clock, signal });
  }
}

/** The first sink that the rows of a rule go to, and that can be read; of a rule that is gone any. */
function readableOf({ rules, sinks }: Settings, rule: string): SinkSettings {
  const to = rules.find(({ name }) => name === rule)?.to;
  const asked = sinks.filter(({ name }) => to === undefined || to.includes(name));
  const readable = asked.find(({ definition }) => definition.history !== undefined);
  if (readable !== undefined) return readable;
  const kinds = [...new Set(asked.map(({ definition }) => definition.name))].join(" and ");
  throw new FatalError(
    `Rows of rule ${rule} go to ${kinds === "" ? "no sink" : kinds} alone, where they cannot be read again: ` +
      "a chart goes back as far as the memory",
  );
}

function pageOf(sink: string, { points, stepSeconds, wholeFrom }: History): HistoryPage {
  return {
    sink,
    step_seconds: stepSeconds,
    whole_from: wholeFrom,
    points: points.map(({ start, end, min, max, avg, windows }) => ({
      window_start: start,
      window_end: end,
      min,
      max,
      avg,
      windows,
    })),
  };
}
