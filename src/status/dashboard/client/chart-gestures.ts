/** What a hand does to a chart. */
export interface ChartGestures {
  /** `factor` of what is looked at, which stays where it is at `at` of its width, 0 to 1. */
  zoom(factor: number, at: number): void;
  /** Moves by a share of what is looked at; positive: later. */
  pan(share: number): void;
}

/** How much a turn of the wheel by one pixel does: a notch of a mouse is about a fifth. */
const ZOOM_PER_PIXEL = 0.002;

/** What browsers that count lines or pages mean by one of them. */
const PIXELS_OF = [1, 16, 400] as const;

/** Pixels that a finger moves before it is no tap any more. */
const MOVE_MIN = 8;

/** Pixels between two fingers below which they say nothing about a scale. */
const SPREAD_MIN = 24;

/**
 * The wheel zooms about the pointer, sideways it moves; a finger moves, two zoom as well. A wheel that only passes over
 * the chart scrolls the page: it counts with Ctrl, as a pinch on a touchpad does, or once the chart has the focus.
 *
 * @param plotOf Where time is drawn, without the axes; undefined: nothing is.
 */
export function listenGestures(
  element: HTMLElement,
  plotOf: () => HTMLElement | undefined,
  gestures: ChartGestures,
): void {
  const shareAt = (x: number): number => {
    const box = plotOf()?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0.5;
    return Math.min(Math.max((x - box.left) / box.width, 0), 1);
  };
  const widthOf = (): number => Math.max(plotOf()?.clientWidth ?? 0, 1);
  element.addEventListener(
    "wheel",
    (event) => {
      const isAsked = event.ctrlKey || event.metaKey || element.contains(document.activeElement);
      if (!isAsked) return;
      event.preventDefault();
      const pixels = PIXELS_OF[event.deltaMode] ?? 1;
      const [x, y] = [event.deltaX * pixels, event.deltaY * pixels];
      if (event.shiftKey || Math.abs(x) > Math.abs(y)) gestures.pan((x || y) / widthOf());
      else gestures.zoom(Math.exp(y * ZOOM_PER_PIXEL), shareAt(event.clientX));
    },
    { passive: false },
  );
  const fingers = new Map<number, number>();
  let isMoving = false;
  element.addEventListener("pointerdown", ({ pointerType, pointerId, clientX }) => {
    if (pointerType === "touch") fingers.set(pointerId, clientX);
  });
  element.addEventListener("pointermove", ({ pointerId, clientX }) => {
    if (!fingers.has(pointerId)) return;
    const before = [...fingers.values()];
    // Who only taps wants to read a value.
    if (!isMoving && Math.abs(clientX - fingers.get(pointerId)!) < MOVE_MIN) return;
    isMoving = true;
    fingers.set(pointerId, clientX);
    if (before.length > 2) return;
    const after = [...fingers.values()];
    const [spreadBefore, spreadAfter] = [spreadOf(before), spreadOf(after)];
    if (before.length === 2 && spreadBefore >= SPREAD_MIN && spreadAfter >= SPREAD_MIN)
      gestures.zoom(spreadBefore / spreadAfter, shareAt(middleOf(after)));
    gestures.pan((middleOf(before) - middleOf(after)) / widthOf());
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    // Also where the finger left the chart.
    element.addEventListener(end, ({ pointerId }) => {
      fingers.delete(pointerId);
      if (fingers.size === 0) isMoving = false;
    });
  }
}

function spreadOf([one = 0, other = one]: readonly number[]): number {
  return Math.abs(one - other);
}

function middleOf([one = 0, other = one]: readonly number[]): number {
  return (one + other) / 2;
}
