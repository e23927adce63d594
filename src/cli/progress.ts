import type { Clock } from "../core/clock.ts";
import type { Terminal } from "./terminal.ts";

/** Often enough to look alive, seldom enough to cost nothing. */
const REDRAW_MS = 100;

const BAR_COLUMNS = 24;

/** How far a batch job is. */
export interface Progress {
  readonly bytes: number;
  /** Bytes of the whole input; undefined when nobody knows, as with a pipe. */
  readonly bytesTotal: number | undefined;
  readonly events: number;
  readonly elapsedMs: number;
}

export interface ProgressBar {
  /** Call it after every batch; it draws at most ten times a second. */
  update(done: { readonly bytes: number; readonly events: number }): void;
  /** Takes the bar away. */
  close(): void;
}

/** A progress bar on a terminal; nothing at all elsewhere. */
export function openProgressBar(
  terminal: Terminal,
  options: { readonly clock: Clock; readonly bytesTotal: number | undefined },
): ProgressBar {
  if (!terminal.isInteractive) return { update() {}, close() {} };
  const { clock, bytesTotal } = options;
  const startedMs = clock.monotonicMs();
  let drawnMs = -Infinity;
  return {
    update({ bytes, events }) {
      const nowMs = clock.monotonicMs();
      if (nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      const line = renderProgress({ bytes, bytesTotal, events, elapsedMs: nowMs - startedMs });
      // A line that wraps could not be drawn over.
      terminal.pin(line.slice(0, terminal.columns - 1));
    },
    close() {
      terminal.pin("");
    },
  };
}

/** One line: bar and share where the total is known, bytes, events, their rate, and the time left. */
export function renderProgress(progress: Progress): string {
  const { bytes, bytesTotal, events, elapsedMs } = progress;
  const seconds = elapsedMs / 1000;
  const rate = seconds > 0 ? `${count(events / seconds)} events/s` : "";
  if (bytesTotal === undefined || bytesTotal <= 0) {
    return [size(bytes), `${count(events)} events`, rate].filter(Boolean).join("  ");
  }
  const share = Math.min(1, bytes / bytesTotal);
  const filled = Math.floor(share * BAR_COLUMNS);
  const bar = `${"█".repeat(filled)}${"░".repeat(BAR_COLUMNS - filled)}`;
  const left = share > 0 && seconds > 0 ? `${span((seconds * (1 - share)) / share)} left` : "";
  return [
    `${bar} ${String(Math.floor(share * 100)).padStart(3)} %`,
    `${size(bytes)} of ${size(bytesTotal)}`,
    `${count(events)} events`,
    rate,
    left,
  ]
    .filter(Boolean)
    .join("  ");
}

function size(bytes: number): string {
  return scaled(bytes, ["B", "kB", "MB", "GB", "TB"], " ");
}

function count(number: number): string {
  return scaled(number, ["", "k", "M", "G", "T"], "");
}

/** Three digits and a unit of a thousand: `1.23 MB`, `45.6k`. */
function scaled(number: number, units: readonly string[], gap: string): string {
  let unit = 0;
  let rest = number;
  // 999.5 would be written as 1000.
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return `${rest.toFixed(digits)}${gap}${units[unit]}`;
}

/** `0:07`, `12:30`, `1:02:03`. */
function span(seconds: number): string {
  const whole = Math.ceil(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${parts.join(":")}` : parts.join(":").replace(/^0/, "");
}
