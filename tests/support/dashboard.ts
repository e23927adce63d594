/**
 * Builds the dashboard into the texts that the executable carries: one script, one style, the page and its
 * icon. The same sources give the same bytes.
 *
 *     bun run generate
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const client = join(root, "src/status/dashboard/client");

const inter = join(root, "node_modules/@fontsource-variable/inter/files");

/** Where the outcome is kept. */
export const BUNDLE_FOLDER = join(root, "src/status/dashboard/bundle");

/** In this order. */
const STYLES = [
  "base.css",
  "layout.css",
  "parts.css",
  "flow.css",
  "pages.css",
  "alerts.css",
  "phone.css",
];

/** The files of the bundle by name. */
export async function buildDashboard(): Promise<Record<string, string>> {
  const { outputs, success, logs } = await Bun.build({
    entrypoints: [join(client, "main.ts")],
    target: "browser",
    format: "iife",
    minify: true,
  });
  if (!success) throw new AggregateError(logs, "The dashboard cannot be built");
  const styles = [
    readFileSync(join(root, "node_modules/uplot/dist/uPlot.min.css"), "utf8"),
    ...STYLES.map((name) => readFileSync(join(client, "style", name), "utf8")),
  ];
  return {
    "dashboard.js.txt": await outputs[0]!.text(),
    "dashboard.css.txt": squeezed(styles.join("\n")),
    ...Object.fromEntries(
      ["latin", "cyrillic"].map((script) => [
        `inter-${script}.woff2.txt`,
        readFileSync(join(inter, `inter-${script}-wght-normal.woff2`)).toString("base64"),
      ]),
    ),
    "icon.svg.txt": readFileSync(join(client, "icon.svg"), "utf8"),
    "page.html.txt": readFileSync(join(client, "page.html"), "utf8"),
  };
}

/** Without comments and indentation: whatever a browser understands stays as it was written. */
function squeezed(css: string): string {
  return css
    .replace(/\/\*[^]*?\*\//g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await buildDashboard())) {
    writeFileSync(join(BUNDLE_FOLDER, name), text);
  }
}
