/**
 * Takes the pictures of the README: the dashboard over a pipeline that plays itself, always the same.
 *
 *     bun run screenshots
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { DESKTOP, launchBrowser, openPage, PHONE } from "./browser.ts";
import { openStage, type Stage } from "./stage.ts";
import { StagedPipeline } from "./staged-pipeline.ts";

const docs = join(import.meta.dir, "../../docs");

const QUALITY = 0.86;

/** A moment at which a window is about to fire. */
const SECONDS = 133;

const SERIES = [
  ["per_ten_seconds", "boiler.temperature.2", "avg"],
  ["per_ten_seconds", "pump.pressure.1", "sum"],
  ["per_ten_seconds", "memory.used.0", "max"],
] as const;

const EXPLORE = `explore?${new URLSearchParams(SERIES.map(([rule, name, func]) => ["s", JSON.stringify([rule, name, func, {}])]))}`;

/** Browsers write WebP, playwright does not. */
async function webp(browser: Browser, png: Buffer): Promise<Buffer> {
  const page = await browser.newPage();
  const url = await page.evaluate(
    async ({ base64, quality }) => {
      const image = new Image();
      image.src = `data:image/png;base64,${base64}`;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext("2d")!.drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", quality);
    },
    { base64: png.toString("base64"), quality: QUALITY },
  );
  await page.close();
  return Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
}

async function take(
  stage: Stage,
  browser: Browser,
  shot: {
    name: string;
    path: string;
    colorScheme: "light" | "dark";
    isPhone?: boolean;
    prepare?: (page: Page) => Promise<unknown>;
  },
): Promise<void> {
  const { name, path, colorScheme, isPhone = false, prepare } = shot;
  const { page, close } = await openPage(browser, {
    viewport: isPhone ? PHONE : { ...DESKTOP, height: 940 },
    colorScheme,
    deviceScaleFactor: isPhone ? 2 : 1.5,
  });
  await page.goto(`${stage.url}/#/${path}`);
  await page.locator("main .card:visible").first().waitFor();
  await prepare?.(page);
  stage.feed.tick();
  await page.waitForTimeout(1_200);
  const bytes = await webp(browser, await page.screenshot());
  await writeFile(join(docs, `${name}.webp`), bytes);
  console.log(`docs/${name}.webp  ${Math.round(bytes.length / 1024)} KB`);
  await close();
}

const browser = await launchBrowser();
const pipeline = new StagedPipeline({ windowsBefore: 360, start: 1_700_042_400 });
await using stage = await openStage(pipeline);
for (let second = 0; second < SECONDS; second++) stage.step();
await take(stage, browser, { name: "dashboard-light", path: "", colorScheme: "light" });
await take(stage, browser, { name: "dashboard-dark", path: "", colorScheme: "dark" });
await take(stage, browser, {
  name: "dashboard-explore-light",
  path: EXPLORE,
  colorScheme: "light",
});
await take(stage, browser, { name: "dashboard-explore-dark", path: EXPLORE, colorScheme: "dark" });
await take(stage, browser, {
  name: "dashboard-phone-light",
  path: "",
  colorScheme: "light",
  isPhone: true,
});
await take(stage, browser, {
  name: "dashboard-phone-dark",
  path: "",
  colorScheme: "dark",
  isPhone: true,
});
await browser.close();
