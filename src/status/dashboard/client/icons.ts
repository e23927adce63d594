import { svg } from "./dom.ts";

/** Strokes on a grid of 24, one path each. */
const PATHS = {
  overview: "M3 6h4l5 6h9M3 12h9M3 18h4l5-6M18 9l3 3-3 3",
  explore: "M4 4v16h16M8 15l3.5-4.5 3 2.5L20 7",
  ledger: "M12 4v16M7 20h10M5 7h14M5 7l-2.5 6a3 3 0 0 0 5 0L5 7zM19 7l-2.5 6a3 3 0 0 0 5 0L19 7z",
  letters: "M4 13l2-8h12l2 8v6H4v-6zM4 13h5a3 3 0 0 0 6 0h5",
  sinks:
    "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  alerts: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15L6 16zM10 21h4",
  control: "M5 4v6M5 14v6M12 4v3M12 11v9M19 4v9M19 17v3M2.5 12h5M9.5 9h5M16.5 15h5",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  auto: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M12 7a5 5 0 0 1 0 10",
  check: "M5 12.5l4.5 4.5L19 7.5",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.5v.5",
  silence: "M4 4l16 16M8.2 7.2A6 6 0 0 0 6 11v5l-1.5 2H18M10 21h4M10.5 5.2A6 6 0 0 1 18 11v3.5",
  close: "M6 6l12 12M18 6L6 18",
  warning: "M12 4l9 16H3l9-16zM12 10v4M12 17v.5",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5l12 7.5-12 7.5v-15z",
  save: "M12 3v11M7.5 10l4.5 4.5 4.5-4.5M4 17v3h16v-3",
  flag: "M6 21V4M6 5h11l-2 3.5 2 3.5H6",
  refresh:
    "M20 11a8 8 0 0 0-14.5-4L3 9.5M3 4v5.5h5.5M4 13a8 8 0 0 0 14.5 4l2.5-2.5M21 20v-5.5h-5.5",
  replay: "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  source: "M4 12h10M10 7l5 5-5 5M18 4v16",
  leave: "M14 4h5v16h-5M4 12h11M11 8l4 4-4 4",
  lock: "M6 11h12v9H6v-9zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  unplug:
    "M4 20l4-4M8 12l4 4M7 13l-1 1a3 3 0 0 0 4 4l1-1M16 4l-2.5 2.5M20 8l-2.5 2.5M13 6l5 5 1.5-1.5a3.5 3.5 0 0 0-5-5L13 6z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  table: "M4 5h16v14H4V5zM4 10h16M4 14.5h16M10 10v9",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
} as const;

export type Icon = keyof typeof PATHS;

/** A picture beside a text: nothing for a screen reader. */
export function icon(name: Icon): SVGElement {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("path", { d: PATHS[name] }),
  );
}
