/** One bar. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly text: string;
  readonly kind: "ours" | "other" | "wrong";
}

const WIDTH = 760;
const ROW = 30;
const LEFT = 130;
const RIGHT = 130;
const TOP = 48;
const COLORS = { ours: "#1f6feb", other: "#9aa4af", wrong: "#d29922" } as const;

/** Horizontal bars, as an SVG that is read on light and dark ground. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const height = TOP + bars.length * ROW + 12;
  const rows = bars.map(({ name, value, text, kind }, i) => {
    const y = TOP + i * ROW;
    const width = Math.max(1, (value / most) * (WIDTH - LEFT - RIGHT));
    const weight = kind === "ours" ? ' font-weight="bold"' : "";
    return (
      `<text x="${LEFT - 10}" y="${y + 15}" text-anchor="end"${weight}>${escaped(name)}</text>` +
      `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="20" rx="3" fill="${COLORS[kind]}"/>` +
      `<text x="${(LEFT + width + 8).toFixed(1)}" y="${y + 15}"${weight}>${escaped(text)}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" ` +
      `aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="14" fill="#24292f">`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    `<text x="16" y="28" font-weight="bold" font-size="15">${escaped(title)}</text>`,
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
