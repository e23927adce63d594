import type { HistoryPage, HistoryPointView } from "../../../../pipeline/view.ts";
import { AnswerError, get } from "../api.ts";
import { type ChartRange, TIME_MIN } from "../chart.ts";
import type { Picked } from "./series-data.ts";

/** What is told of the past that is shown. */
export interface Past {
  /** The sink that it came from. */
  readonly sink?: string;
  /** Windows that begin within so many seconds are one point; null: each is one of its own. */
  readonly step?: number | null;
  /** Unix seconds at which it begins, although the sink holds more. */
  readonly cutAt?: number;
  /** Why there is none. */
  readonly error?: string;
  readonly isLoading: boolean;
}

/** Who drags or turns a wheel asks once, when it is done. */
const WAIT_MS = 200;

/** A sink that is away is not asked at every turn. */
const AGAIN_MS = 10_000;

/** Everything is much to read. */
const WHOLE_AGAIN_MS = 60_000;

/** More than a chart has pixels helps nobody. */
const POINTS = 1_000;

/** All that the sink holds. */
export const EVERYTHING: ChartRange = { from: -Infinity, to: Infinity };

/** Asked for on either side of what is looked at, as a share of it: a small step needs no new answer. */
const MARGIN = 0.25;

/** The past of a series out of its sink: of what is looked at, as finely as it can be seen. */
export class SeriesHistory {
  readonly #series: Picked;
  readonly #onChange: () => void;
  points: readonly HistoryPointView[] = [];
  past: Past | undefined;
  /** What was asked for last, and how that is to be taken: it is there, it comes, or it failed. */
  #asked: ChartRange | undefined;
  #askedMs = 0;
  /** On the clock of the page: what failed is asked for again then. */
  #againMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;

  constructor(series: Picked, onChange: () => void) {
    this.#series = series;
    this.#onChange = onChange;
  }

  /**
   * @param range What is looked at; undefined: what is in memory, and nothing else.
   * @param memoryFrom Where the memory begins, in Unix seconds.
   */
  look(range: ChartRange | undefined, memoryFrom: number): void {
    clearTimeout(this.#timer);
    if (range === undefined) {
      this.#forget();
      return;
    }
    if (range.from >= memoryFrom || this.#isAsked(range, memoryFrom)) return;
    const span = range.to - range.from;
    const margin = MARGIN * span;
    const isAll = range.from === -Infinity;
    const wanted = {
      from: isAll ? range.from : Math.max(range.from - margin, TIME_MIN),
      to: isAll ? memoryFrom : Math.min(range.to + margin, memoryFrom),
    };
    this.#timer = setTimeout(() => void this.#ask(wanted), WAIT_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  /** Else what is loaded would be a part of what is in memory. */
  #forget(): void {
    this.#asking?.abort();
    if (this.past === undefined) return;
    this.points = [];
    this.past = undefined;
    this.#asked = undefined;
    this.#onChange();
  }

  /** Whether it is there or comes, and not much coarser than it would be if it were asked for. */
  #isAsked(range: ChartRange, memoryFrom: number): boolean {
    const asked = this.#asked;
    if (asked === undefined || performance.now() >= this.#againMs) return false;
    const to = Math.min(range.to, memoryFrom);
    // The memory forgets a window while one fires: for a while it is too small a part of everything to be seen.
    const isWhole = asked.from === -Infinity && range.from === -Infinity;
    const isFresh = isWhole && performance.now() - this.#askedMs < WHOLE_AGAIN_MS;
    const isInside = asked.from <= range.from && (to <= asked.to || isFresh);
    const isFine =
      isWhole || this.past?.step === null || asked.to - asked.from <= 3 * (range.to - range.from);
    return isInside && isFine;
  }

  async #ask({ from, to }: ChartRange): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#asked = { from, to };
    this.#askedMs = performance.now();
    this.#againMs = Infinity;
    this.past = { ...this.past, isLoading: true };
    this.#onChange();
    const { rule, name, agg_func, labels } = this.#series;
    const query = new URLSearchParams({
      rule,
      name,
      agg_func,
      labels: JSON.stringify(labels),
      points: String(POINTS),
    });
    if (Number.isFinite(from)) query.set("from", from.toFixed(3));
    if (Number.isFinite(to)) query.set("to", to.toFixed(3));
    try {
      const page = await get<HistoryPage>(`/history?${query}`, asking.signal);
      this.points = page.points;
      this.past = {
        sink: page.sink,
        step: page.step_seconds,
        isLoading: false,
        ...cutOf(page, from),
      };
    } catch (failure) {
      if (asking.signal.aborted) return;
      const error = failure instanceof AnswerError ? failure.message : String(failure);
      this.#againMs = performance.now() + AGAIN_MS;
      this.past = { error, isLoading: false };
    }
    this.#onChange();
  }
}

/** Whether the sink holds rows before the first point that are too many to be read. */
function cutOf({ points, whole_from }: HistoryPage, from: number): { cutAt?: number } {
  const [first] = points;
  const isCut = first !== undefined && from < whole_from && first.window_start <= whole_from;
  return isCut ? { cutAt: first.window_start } : {};
}
