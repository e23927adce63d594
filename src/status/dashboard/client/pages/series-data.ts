import type { HistoryPointView, ResultPage } from "../../../../pipeline/view.ts";
import { get } from "../api.ts";
import { type ChartRange, type Extremes, SERIES_COLOURS } from "../chart.ts";
import { type Past, SeriesHistory } from "./series-history.ts";

export interface Picked {
  readonly rule: string;
  readonly name: string;
  readonly agg_func: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Held extends Picked {
  readonly colour: number;
  points: Map<number, number | null>;
  isLoaded: boolean;
  /** The length of its last window. */
  length: number;
  readonly history: SeriesHistory;
  shown: Shown | undefined;
}

/** What is drawn of a series: its past out of the sink, then what is in memory. */
interface Shown {
  /** Of what it was made: both are replaced when they change, never changed. */
  readonly memory: ReadonlyMap<number, number | null>;
  readonly past: readonly HistoryPointView[];
  readonly points: ReadonlyMap<number, number | null>;
  readonly extremes: ReadonlyMap<number, Extremes>;
}

const NOTHING: ReadonlyMap<number, never> = new Map<number, never>();

const POINTS_MAX = 10_000;
/** Windows before the last one that are asked for again: late events may have changed them. */
const AGAIN = 10;
const EVERY_MS = 1_000;

export function seriesId({ rule, name, agg_func, labels }: Picked): string {
  return JSON.stringify([rule, name, agg_func, labels]);
}

/** The points of the series that were chosen, and how they go on. */
export class SeriesData {
  readonly #onChange: () => void;
  readonly #held = new Map<string, Held>();
  readonly #end = new AbortController();
  /** How many rows had fired when it was asked last, and by now. */
  #seen = 0;
  #wanted = 0;
  #isAsking = false;
  #askedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is looked at; undefined: what is in memory. */
  #range: ChartRange | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get picked(): readonly Held[] {
    return [...this.#held.values()];
  }

  has(series: Picked): boolean {
    return this.#held.has(seriesId(series));
  }

  /** By start of the window: of the past out of the sink, then out of memory. */
  points(series: Picked): ReadonlyMap<number, number | null> {
    return this.#shown(series)?.points ?? NOTHING;
  }

  /** Where windows are put together: the least and the greatest of them. */
  extremes(series: Picked): ReadonlyMap<number, Extremes> {
    return this.#shown(series)?.extremes ?? NOTHING;
  }

  /** Asked for at every move of the pointer and for every cell of the table: made when something came. */
  #shown(series: Picked): Shown | undefined {
    const held = this.#held.get(seriesId(series));
    if (held === undefined) return undefined;
    const { shown, points, history } = held;
    if (shown?.memory !== points || shown.past !== history.points)
      held.shown = shownOf(points, history.points);
    return held.shown;
  }

  /** What is told of the past that is shown; undefined: all of it is out of memory. */
  get past(): Past | undefined {
    const all = this.picked.flatMap(({ history }) => history.past ?? []);
    const [first] = all;
    const cuts = all.flatMap(({ cutAt }) => cutAt ?? []);
    const cut = cuts.length === 0 ? {} : { cutAt: Math.max(...cuts) };
    // What is not settled comes before what is, what is wrong before what is right, the coarse before the fine.
    const settled =
      all.find(({ isLoading }) => isLoading) ??
      all.find(({ error }) => error !== undefined) ??
      all.reduce((one, other) => ((other.step ?? 0) > (one?.step ?? 0) ? other : one), first);
    return settled === undefined ? undefined : { ...settled, ...cut };
  }

  /** Somebody looks at this range: what is not in memory is asked of the sink. Undefined: at the memory. */
  look(range: ChartRange | undefined): void {
    this.#range = range;
    for (const held of this.#held.values()) this.#lookAt(held);
  }

  #lookAt(held: Held): void {
    const first = firstOf(held.points);
    // Until the memory has answered nobody knows what is missing.
    if (!held.isLoaded) return;
    held.history.look(this.#range, first);
  }

  add(series: Picked): void {
    if (this.has(series)) return;
    // One more than there are colours takes the place of the oldest.
    if (this.#held.size >= SERIES_COLOURS) this.remove(this.picked[0]!);
    const used = new Set(this.picked.map(({ colour }) => colour));
    const colour = Array.from({ length: SERIES_COLOURS }, (_, i) => i).find((i) => !used.has(i))!;
    const held: Held = {
      ...series,
      colour,
      points: new Map<number, number | null>(),
      isLoaded: false,
      length: 0,
      shown: undefined,
      history: new SeriesHistory(series, () => this.#onChange()),
    };
    this.#held.set(seriesId(series), held);
    void this.#ask(held);
  }

  remove(series: Picked): void {
    this.#held.get(seriesId(series))?.history.close();
    this.#held.delete(seriesId(series));
  }

  /** More rows have fired: some may be of these. It is asked once a second at the most. */
  follow(added: number): void {
    this.#wanted = added;
    this.#askAgain();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#end.abort();
    for (const { history } of this.picked) history.close();
  }

  #askAgain(): void {
    if (this.#isAsking || this.#wanted === this.#seen || this.#end.signal.aborted) return;
    const waitMs = this.#askedAt + EVERY_MS - performance.now();
    if (waitMs > 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#askAgain(), waitMs);
      return;
    }
    this.#seen = this.#wanted;
    this.#isAsking = true;
    this.#askedAt = performance.now();
    void Promise.all(this.picked.map((held) => this.#ask(held))).finally(() => {
      this.#isAsking = false;
      this.#askAgain();
    });
  }

  async #ask(held: Held): Promise<void> {
    const { rule, name, agg_func, labels } = held;
    const query = new URLSearchParams({
      rule,
      name,
      agg_func,
      labels: JSON.stringify(labels),
      limit: String(POINTS_MAX),
    });
    const last = [...held.points.keys()].at(-1);
    if (held.isLoaded && last !== undefined) query.set("from", String(last - AGAIN * held.length));
    try {
      const page = await get<ResultPage>(`/results?${query}`, this.#end.signal);
      const isFirst = !held.isLoaded;
      held.isLoaded = true;
      if (page.rows.length === 0) {
        if (isFirst) this.#lookAt(held);
        return;
      }
      const points = new Map(held.points);
      for (const row of page.rows) points.set(row.window_start, row.value);
      const sorted = [...points].sort((a, b) => a[0] - b[0]).slice(-POINTS_MAX);
      held.points = new Map(sorted);
      const newest = page.rows.at(-1)!;
      held.length = newest.window_end - newest.window_start;
      if (isFirst) this.#lookAt(held);
      if (this.#held.get(seriesId(held)) === held) this.#onChange();
    } catch {
      // The next row asks again; that the service is away is told by the stream.
    }
  }
}

function shownOf(memory: ReadonlyMap<number, number | null>, past: Shown["past"]): Shown {
  if (past.length === 0) return { memory, past, points: memory, extremes: NOTHING };
  const first = firstOf(memory);
  const before = past.filter(({ window_start }) => window_start < first);
  return {
    memory,
    past,
    points: new Map([
      ...before.map(({ window_start, avg }) => [window_start, avg] as const),
      ...memory,
    ]),
    extremes: new Map(
      before.flatMap(({ window_start, windows, min, max }) =>
        windows > 1 && min !== null && max !== null ? [[window_start, { min, max }] as const] : [],
      ),
    ),
  };
}

/** When what is in memory begins. */
function firstOf(points: ReadonlyMap<number, unknown>): number {
  const [first = Infinity] = points.keys();
  return first;
}
