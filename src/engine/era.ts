import type { EventColumns } from "../core/columns.ts";
import type { RuleSettings } from "../core/settings.ts";
import type { PageCollector, StoredPages } from "../core/stored.ts";
import {
  type DurationMicros,
  durationMicros,
  type EpochMicros,
  epochMicros,
} from "../core/time.ts";
import { FunctionNumbers } from "./function-numbers.ts";
import type { PaneTaker } from "./pane-taker.ts";
import { PaneWindows } from "./pane-windows.ts";
import { RowWriter } from "./row-writer.ts";
import { definitionOf, type RuleDefinition } from "./rule-definition.ts";
import type { RuleEvents } from "./rule-events.ts";
import { type Selection, type SelectionContext, selectionOf } from "./selection.ts";
import { SessionWindows } from "./session-windows.ts";
import type { Firings, PaneConsumer, Windows } from "./windows.ts";

/** What an era stores below its prefix. */
const PARTS = [
  "pane",
  "panes",
  "window",
  "series",
  "layout",
  "groups",
  "object",
  "session",
  "sessions",
  "fill",
  "filled",
];

/** What the engine gives a rule. */
export interface RuleContext extends SelectionContext {
  readonly outOfOrderness: DurationMicros;
  readonly isPartial: (start: EpochMicros, end: EpochMicros) => boolean;
  /** The windows, of any rule, that go by the groups of a selection. */
  readonly usersOf: (selection: Selection) => readonly Windows[];
  /** Told when a function of the configuration threw while it made a row. */
  readonly onRowFailure: (detail: string) => void;
}

/** A rule under one meaning: which events it takes, and the windows they go into. */
export class Era {
  readonly id: number;
  readonly meaning: string;
  readonly rule: RuleSettings;
  /** The rule as it is stored. */
  readonly definition: RuleDefinition;
  readonly selection: Selection;
  readonly windows: Windows;
  /** Undefined for sessions. */
  readonly panes: PaneWindows | undefined;
  /** Those who take the windows that are forgotten. */
  readonly consumers = new Map<Era, PaneConsumer>();
  /** Windows that begin before it are another era's. */
  readonly since: EpochMicros;
  /** How far its watermark is behind that of the engine: by what the rules it reads wait for late events. */
  readonly behind: DurationMicros;
  readonly #prefix: string;
  readonly #functions: FunctionNumbers | undefined;

  constructor(options: {
    readonly id: number;
    readonly rule: RuleSettings;
    readonly meaning: string;
    readonly since: EpochMicros;
    /** The era whose windows this one reads. */
    readonly lower: Era | undefined;
    readonly context: RuleContext;
    readonly firings: Firings;
  }) {
    const { id, rule, meaning, since, lower, context, firings } = options;
    this.id = id;
    this.rule = rule;
    this.definition = definitionOf(rule);
    this.meaning = meaning;
    this.since = since;
    this.behind = durationMicros(
      lower === undefined ? 0 : lower.behind + lower.rule.allowedLateness,
    );
    this.#prefix = prefixOf(rule.name, id);
    this.selection = lower?.selection ?? selectionOf(rule, context);
    this.#functions = FunctionNumbers.between(context.functions, rule.aggregate);
    const writer = new RowWriter(rule.name, this.selection.groups, context.onRowFailure);
    const { window, aggregate, fill } = rule;
    const windowsContext = {
      since,
      until: epochMicros(Infinity),
      allowedLateness: rule.allowedLateness,
      outOfOrderness: context.outOfOrderness,
      seriesMax: rule.seriesMax,
      isFinal: rule.emit === "final",
      isEarly: rule.early !== undefined,
      isPartial: context.isPartial,
      firings,
    };
    if (window.kind === "session") {
      this.panes = undefined;
      this.windows = new SessionWindows({
        gap: window.gap,
        aggregate,
        context: windowsContext,
        writer,
      });
    } else {
      this.panes = new PaneWindows({ window, aggregate, fill, context: windowsContext, writer });
      this.windows = this.panes;
      this.panes.consumer = (pane, series) => {
        for (const consumer of this.consumers.values()) consumer(pane, series);
      };
    }
  }

  /** The watermark as this era sees it. */
  own(watermark: EpochMicros): EpochMicros {
    return epochMicros(watermark - this.behind);
  }

  /** What this era makes of the events [`from`, `to`) of the columns. */
  select(columns: EventColumns, from: number, to: number): RuleEvents {
    const events = this.selection.select(columns, from, to);
    return this.#functions === undefined ? events : this.#functions.apply(events, from, to);
  }

  /** Takes events as they are decoded; undefined when they have to be looked at first. See {@link PaneWindows.takeUntil}. */
  takeUntil(limit: number): PaneTaker | undefined {
    const isPlain = this.selection.takesAll && this.#functions === undefined;
    return isPlain ? this.panes?.takeUntil(limit) : undefined;
  }

  /** Gathers what changed since the last call. */
  changes(into: PageCollector): void {
    // The groups of a rule that reads another are the other's.
    if (this.rule.from === undefined) this.selection.table?.changes(this.#prefix, into);
    this.windows.changes(this.#prefix, into);
  }

  /** Takes over what `changes` gave. Called once, before any event. */
  restore(pages: StoredPages): void {
    if (this.rule.from === undefined) this.selection.table?.restore(this.#prefix, pages);
    this.windows.restore(this.#prefix, pages);
  }

  /** What to remove when it is over. */
  pages(): string[] {
    return eraPages(this.rule.name, this.id);
  }
}

function prefixOf(rule: string, id: number): string {
  return id === 0 ? `rule/${rule}` : `rule/${rule}/era/${id}`;
}

/** What an era stores. */
export function eraPages(rule: string, id: number): string[] {
  return PARTS.map((part) => `${prefixOf(rule, id)}/${part}`);
}
