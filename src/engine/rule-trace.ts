import { type EventColumns, MISSED } from "../core/columns.ts";
import {
  type DurationMicros,
  durationMicros,
  type EpochMicros,
  epochMicros,
} from "../core/time.ts";
import { paneLayoutOf } from "./pane-layout.ts";
import type { RuleEngine } from "./rule-engine.ts";
import type { FilteredBy } from "./selection.ts";
import { SessionWindows } from "./session-windows.ts";
import { WindowList } from "./window-list.ts";

/** Overlapping windows that are told one by one. */
const WINDOWS_TOLD_MAX = 64;

/** A window that an event lies in, as the watermark stood when the event came. */
export interface TracedWindow {
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  /**
   * `open`: not over. `over`: its end was passed, but it still accepts: its row is corrected.
   * `forgotten`: it accepts nothing any more.
   */
  readonly state: "open" | "over" | "forgotten";
  /** By how much the watermark was beyond the last moment; 0 unless forgotten. */
  readonly lateBy: DurationMicros;
}

/** What a rule makes of an event. */
export interface RuleTrace {
  /** Undefined unless the rule does not want it. */
  readonly filteredBy: FilteredBy | "agg_func" | undefined;
  /** The series; undefined when it has none, since it is filtered or a function of the rule threw. */
  readonly series:
    | {
        readonly name: string;
        /** Sorted by label. */
        readonly labels: readonly (readonly [string, string])[];
        readonly functions: readonly string[];
      }
    | undefined;
  /** Oldest first; of sessions the one that it joined or began. Empty without a series. */
  readonly windows: readonly TracedWindow[];
  /** Windows beyond those that are told. */
  readonly windowsLeftOff: number;
}

/**
 * Looks at what a rule made of single events, for who asks what became of them. It calls `where` and `map`
 * once more, and changes nothing.
 */
export class RuleTracer {
  readonly #rule: RuleEngine;
  readonly #list: WindowList | undefined;
  readonly #ordinalOf: (time: EpochMicros) => number;

  constructor(rule: RuleEngine) {
    this.#rule = rule;
    const { window } = rule.settings;
    const layout = window.kind === "session" ? undefined : paneLayoutOf(window);
    this.#list = layout === undefined ? undefined : new WindowList(layout);
    this.#ordinalOf = (time) => layout?.ordinalOf(time) ?? 0;
  }

  /**
   * Traces the event `i` of the columns, which was added just now.
   *
   * @param watermark As it was before the event.
   */
  trace(columns: EventColumns, i: number, watermark: EpochMicros): RuleTrace {
    const { present } = this.#rule;
    const { group, fn, marks } = present.select(columns, i, i + 1);
    const mark = marks[i]!;
    marks[i] = 0;
    if (mark !== 0) {
      const filteredBy =
        mark === MISSED.filtered
          ? (present.selection.filteredBy(columns, i) ?? "agg_func")
          : undefined;
      return { filteredBy, series: undefined, windows: [], windowsLeftOff: 0 };
    }
    const { groups } = present.selection;
    const { aggregate } = present.rule;
    const keys = aggregate.functions.map(({ key }) => key);
    const series = {
      name: groups.name(group[i]!),
      labels: groups.labels(group[i]!),
      functions: aggregate.kind === "event" ? [keys[fn[i]!]!] : keys,
    };
    const time = epochMicros(columns.time[i]!);
    const places = this.#placesOf(time, { group: group[i]!, fn: fn[i]! });
    const own = present.own(watermark);
    return {
      filteredBy: undefined,
      series,
      windows: places
        .slice(0, WINDOWS_TOLD_MAX)
        .map(({ start, end }) => ({ start, end, ...this.#stateOf(end, own) })),
      windowsLeftOff: Math.max(places.length - WINDOWS_TOLD_MAX, 0),
    };
  }

  #placesOf(
    time: EpochMicros,
    series: { readonly group: number; readonly fn: number },
  ): { readonly start: EpochMicros; readonly end: EpochMicros }[] {
    const { windows, rule } = this.#rule.present;
    if (windows instanceof SessionWindows && rule.window.kind === "session") {
      const { first = time, last = time } = windows.sessionAt(series, time) ?? {};
      return [{ start: epochMicros(first), end: epochMicros(last + rule.window.gap) }];
    }
    const list = this.#list!;
    const { first, last } = list.ofPane(this.#ordinalOf(time));
    const ordinals = Array.from({ length: last - first + 1 }, (_, k) => first + k);
    return ordinals.map((k) => ({ start: list.startOf(k), end: list.endOf(k) }));
  }

  #stateOf(end: EpochMicros, watermark: EpochMicros): Pick<TracedWindow, "state" | "lateBy"> {
    const last = end + this.#rule.settings.allowedLateness;
    if (watermark >= last) {
      return { state: "forgotten", lateBy: durationMicros(watermark - last) };
    }
    return { state: watermark >= end ? "over" : "open", lateBy: durationMicros(0) };
  }
}
