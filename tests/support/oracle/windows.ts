import type { RuleSettings } from "../../../src/core/settings.ts";
import type { GridWindow } from "./grid.ts";
import { windowsOf } from "./grid.ts";
import type { OracleSeries, OracleWindow, SeenEvent, Span } from "./types.ts";

interface Filling extends OracleWindow {
  start: number;
  end: number;
  events: SeenEvent[];
}

/** All windows that a rule ever had events in. */
export interface RuleWindows {
  readonly all: readonly OracleWindow[];
  /** Whether the event finds all its windows open, some of them, or none. */
  lateness(event: SeenEvent, watermark: number): "none" | "some" | "all";
  take(event: SeenEvent, watermark: number): void;
}

export function windowsFor({ window, allowedLateness }: RuleSettings): RuleWindows {
  return window.kind === "session"
    ? new SessionWindows(window.gap, allowedLateness)
    : new GridWindows(window, allowedLateness);
}

class GridWindows implements RuleWindows {
  readonly all: Filling[] = [];
  readonly #window: GridWindow;
  readonly #lateness: number;

  constructor(window: GridWindow, lateness: number) {
    this.#window = window;
    this.#lateness = lateness;
  }

  lateness({ time }: SeenEvent, watermark: number): "none" | "some" | "all" {
    const windows = windowsOf(this.#window, time);
    const open = windows.filter((one) => this.#isHeld(one, watermark));
    if (open.length === windows.length) return "none";
    return open.length === 0 ? "all" : "some";
  }

  take(event: SeenEvent, watermark: number): void {
    for (const span of windowsOf(this.#window, event.time)) {
      if (!this.#isHeld(span, watermark)) continue;
      const { series } = event;
      const known = this.all.find(
        (one) => one.start === span.start && one.series.key === series.key,
      );
      if (known === undefined) this.all.push({ ...span, series, events: [event] });
      else known.events.push(event);
    }
  }

  #isHeld({ end }: Span, watermark: number): boolean {
    return end + this.#lateness > watermark;
  }
}

class SessionWindows implements RuleWindows {
  all: Filling[] = [];
  readonly #gap: number;
  readonly #lateness: number;

  constructor(gap: number, lateness: number) {
    this.#gap = gap;
    this.#lateness = lateness;
  }

  lateness(event: SeenEvent, watermark: number): "none" | "all" {
    // Sessions of a series never overlap, so what was forgotten ends where no other may begin.
    const forgotten = this.#of(event.series).filter((one) => !this.#isHeld(one, watermark));
    if (forgotten.some(({ end }) => event.time < end)) return "all";
    if (this.#joined(event, watermark).length > 0) return "none";
    const isOver = event.time + this.#gap + this.#lateness <= watermark;
    return isOver ? "all" : "none";
  }

  take(event: SeenEvent, watermark: number): void {
    const joined = this.#joined(event, watermark);
    const all = [...joined.flatMap(({ events }) => events), event];
    const times = all.map(({ time }) => time);
    this.all = this.all.filter((one) => !joined.includes(one));
    this.all.push({
      series: event.series,
      start: Math.min(...times),
      end: Math.max(...times) + this.#gap,
      events: all,
    });
  }

  /** The sessions held that the event is closer to than the gap. */
  #joined({ series, time }: SeenEvent, watermark: number): Filling[] {
    const gap = this.#gap;
    return this.#of(series)
      .filter((one) => this.#isHeld(one, watermark))
      .filter(({ start, end }) => start - time < gap && time - (end - gap) < gap);
  }

  #of(series: OracleSeries): Filling[] {
    return this.all.filter((one) => one.series.key === series.key);
  }

  #isHeld({ end }: Span, watermark: number): boolean {
    return end + this.#lateness > watermark;
  }
}
