import uPlot from "uplot";
import { listenGestures } from "./chart-gestures.ts";
import { clock, minute, moment, month, value } from "./format.ts";
import { colourOf } from "./preferences.ts";

export const SERIES_COLOURS = 8;

export interface ChartSeries {
  readonly label: string;
  /** Which of the colours of the style, from 0 on. */
  readonly colour: number;
  /** By start of the window. */
  readonly points: ReadonlyMap<number, number | null>;
  /** Where a point stands for several windows: the least and the greatest of them. */
  readonly extremes?: ReadonlyMap<number, Extremes>;
}

export interface Extremes {
  readonly min: number;
  readonly max: number;
}

export interface ChartRange {
  readonly from: number;
  readonly to: number;
}

/** Closer than a second, and further than a century, there is nothing to see. Seconds. */
const SPAN_MIN = 1;
const SPAN_MAX = 3_155_760_000;

/** What a clock can mean: the years 1 to 9999, in Unix seconds. */
export const TIME_MIN = -62_135_596_800;
const TIME_MAX = 253_402_300_799;

/** A chart of some series over time. Dragging, the wheel and two fingers zoom, a double click shows what is recent; so do the keys. */
export class Chart {
  readonly element: HTMLElement;
  readonly #onCursor: (index: number | null) => void;
  readonly #onRange: (range: ChartRange | undefined) => void;
  readonly #watch: ResizeObserver;
  #plot: uPlot | undefined;
  #series: readonly ChartSeries[] = [];
  #times: number[] = [];
  #shape = "";
  /** What is looked at; undefined: everything, also what comes. */
  #range: ChartRange | undefined;

  constructor(
    element: HTMLElement,
    handlers: {
      readonly onCursor: (index: number | null) => void;
      readonly onRange: (range: ChartRange | undefined) => void;
    },
  ) {
    this.element = element;
    this.#onCursor = handlers.onCursor;
    this.#onRange = handlers.onRange;
    this.#watch = new ResizeObserver(() => this.#fit());
    this.#watch.observe(element);
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("dblclick", () => this.show(undefined));
    listenGestures(element, () => this.#plot?.over, {
      zoom: (factor, at) => this.#zoom(factor, at),
      pan: (share) => this.#pan(share),
    });
  }

  get times(): readonly number[] {
    return this.#times;
  }

  draw(series: readonly ChartSeries[]): void {
    this.#series = series;
    this.#times = [...new Set(series.flatMap(({ points }) => [...points.keys()]))].sort(
      (a, b) => a - b,
    );
    const data: uPlot.AlignedData = [
      this.#times,
      ...series.map(({ points }) => this.#times.map((time) => points.get(time))),
      ...banded(series).flatMap(({ extremes }) => [
        this.#times.map((time) => extremes!.get(time)?.max),
        this.#times.map((time) => extremes!.get(time)?.min),
      ]),
    ];
    const shape = JSON.stringify(
      series.map(({ label, colour, extremes }) => [label, colour, (extremes?.size ?? 0) > 0]),
    );
    if (this.#plot === undefined || shape !== this.#shape) {
      this.#shape = shape;
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#options(), data, this.element);
    } else this.#plot.setData(data, false);
    this.#applyRange();
  }

  /** The colours or the words are other ones now. */
  redraw(): void {
    this.#shape = "";
    this.draw(this.#series);
  }

  /** Somebody wants to see this; undefined: everything that is there. */
  show(range: ChartRange | undefined): void {
    this.view(range);
    this.#onRange(this.#range);
  }

  /** The same, without telling of it. */
  view(range: ChartRange | undefined): void {
    this.#range = range === undefined ? undefined : within(range);
    this.#applyRange();
  }

  close(): void {
    this.#watch.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #extent(): ChartRange {
    const first = this.#times[0] ?? 0;
    const last = this.#times.at(-1) ?? 1;
    const edge = Math.max((last - first) * 0.01, 1);
    return { from: first - edge, to: last + edge };
  }

  #applyRange(): void {
    const { from, to } = this.#range ?? this.#extent();
    this.#plot?.setScale("x", { min: from, max: to });
  }

  #key(event: KeyboardEvent): void {
    const moves: Record<string, () => void> = {
      ArrowLeft: () => this.#pan(-0.2),
      ArrowRight: () => this.#pan(0.2),
      "+": () => this.#zoom(0.5, 0.5),
      "=": () => this.#zoom(0.5, 0.5),
      "-": () => this.#zoom(2, 0.5),
      "0": () => this.show(undefined),
      Escape: () => this.show(undefined),
    };
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
    if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move();
  }

  #zoom(factor: number, at: number): void {
    const { from, to } = this.#range ?? this.#extent();
    const span = Math.min(Math.max((to - from) * factor, SPAN_MIN), SPAN_MAX);
    const still = from + (to - from) * at;
    this.show({ from: still - span * at, to: still + span * (1 - at) });
  }

  #pan(share: number): void {
    const { from, to } = this.#range ?? this.#extent();
    const by = (to - from) * share;
    this.show({ from: from + by, to: to + by });
  }

  #fit(): void {
    const { clientWidth, clientHeight } = this.element;
    if (clientWidth > 0 && clientHeight > 0) {
      this.#plot?.setSize({ width: clientWidth, height: clientHeight });
    }
  }

  #options(): uPlot.Options {
    const text = colourOf("--text-2");
    const grid = { stroke: colourOf("--line"), width: 1 };
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: text, grid, ticks: { show: false }, font };
    const { clientWidth, clientHeight } = this.element;
    return {
      width: clientWidth || 600,
      height: clientHeight || 320,
      legend: { show: false },
      // Half of the last time stands behind the end of the axis.
      padding: [12, 30, 0, 0],
      cursor: {
        drag: { x: true, y: false, setScale: false },
        points: { size: 8 },
        focus: { prox: 24 },
      },
      scales: { x: { time: true } },
      axes: [
        {
          ...axis,
          space: 90,
          values: (_, times, _axis, _space, step) => times.map((time) => timeText(time, step)),
        },
        {
          ...axis,
          size: (_, values) => axisWidth(values),
          values: (_, values) => values.map((one) => value(one)),
        },
      ],
      series: [
        {},
        ...this.#series.map(({ label, colour }) => {
          const stroke = colourOf(`--series-${colour + 1}`);
          return { label, stroke, width: 2, spanGaps: true, points: { size: 5, fill: stroke } };
        }),
        ...banded(this.#series).flatMap(() => [EDGE, EDGE]),
      ],
      bands: banded(this.#series).map(({ colour }, i) => {
        const high = 1 + this.#series.length + 2 * i;
        return { series: [high, high + 1], fill: faint(colourOf(`--series-${colour + 1}`)) };
      }),
      hooks: {
        setCursor: [(plot) => this.#onCursor(plot.cursor.idx ?? null)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            const range = { from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") };
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            this.show(range);
          },
        ],
      },
    };
  }
}

const BAND_OPACITY = 0.22;

/** The colour of a series, for what lies behind its line. */
function faint(colour: string): string {
  return `color-mix(in srgb, ${colour} ${BAND_OPACITY * 100}%, transparent)`;
}

/** The edges of a band are not drawn, only what is between them. */
const EDGE: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false } };

/** Those of which some points stand for several windows. */
function banded(series: readonly ChartSeries[]): readonly ChartSeries[] {
  return series.filter(({ extremes }) => (extremes?.size ?? 0) > 0);
}

const LETTER_WIDTH = 7.2;
const AXIS_WIDTH_MIN = 40;
const AXIS_WIDTH_MAX = 110;

/** As wide as its longest number. */
function axisWidth(values: readonly string[] | null): number {
  const letters = Math.max(...(values ?? []).map((one) => one.length), 0);
  return Math.min(Math.max(letters * LETTER_WIDTH + 18, AXIS_WIDTH_MIN), AXIS_WIDTH_MAX);
}

/** Moved, not cut, until a clock can show it. */
function within({ from, to }: ChartRange): ChartRange {
  const by = Math.max(TIME_MIN - from, 0) + Math.min(TIME_MAX - to, 0);
  return { from: from + by, to: to + by };
}

const LONG_STEP = 28 * 86_400;

function timeText(time: number, step: number): string {
  if (step >= LONG_STEP) return month(time);
  if (step >= 86_400) return moment(time).replace(/[ ,]+\d\d:\d\d:\d\d.*$/, "");
  return step >= 60 ? minute(time) : clock(time);
}
