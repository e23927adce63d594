import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { DESKTOP, hasBrowser, launchBrowser, openPage, PHONE } from "../support/browser.ts";
import { hostileReport } from "../support/hostile-report.ts";
import { openStage, type Stage } from "../support/stage.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";

// Every page at desktop and phone size, in both themes, over 50,000 series with hostile names.

setDefaultTimeout(60_000);

const PAGES = [
  ["", "Overview"],
  ["explore", "Explore"],
  ["ledger", "Ledger"],
  ["dead-letters", "Dead letters"],
  ["sinks", "Source and sinks"],
  ["alerts", "Alerts"],
  ["control", "Control"],
] as const;

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.skipIf(!hasBrowser)("every page", () => {
  let browser: Browser;
  let stage: Stage;

  beforeAll(async () => {
    browser = await launchBrowser();
    const pipeline = new StagedPipeline({ seriesCount: 50_000, windowsBefore: 4, isHostile: true });
    pipeline.report = hostileReport();
    stage = await openStage(pipeline);
    for (let second = 0; second < 30; second++) stage.step();
  });

  afterAll(async () => {
    await browser?.close();
    await stage?.[Symbol.asyncDispose]();
  });

  for (const [size, viewport] of [
    ["desktop", DESKTOP],
    ["phone", PHONE],
  ] as const) {
    test(`is whole and accessible: ${size}`, async () => {
      const looked = (["light", "dark"] as const).map(async (colorScheme) => {
        const { page, faults, close } = await openPage(browser, {
          viewport,
          colorScheme,
          reducedMotion: "reduce",
          hasTouch: size === "phone",
        });
        const barriers: string[] = [];
        await page.goto(stage.url);
        await page.evaluate(axe);
        for (const [path, title] of PAGES) {
          await page.goto(`${stage.url}/#/${path}`);
          await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
          await page.locator("main .card:visible").first().waitFor();
          stage.step();
          await page.waitForTimeout(250);
          expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
          const { violations } = await page.evaluate<AxeResults>(
            "axe.run(document, { resultTypes: ['violations'] })",
          );
          for (const { id, nodes } of violations) {
            for (const { html, failureSummary } of nodes) {
              barriers.push(`/${path}: ${id}: ${html.slice(0, 300)} ${failureSummary}`);
            }
          }
          expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
            colorScheme === "dark" ? "rgb(12, 17, 22)" : "rgb(244, 246, 248)",
          );
        }
        expect(barriers).toEqual([]);
        expect(faults).toEqual([]);
        // Whatever the names hold, it has become neither an element nor a script.
        expect(await page.evaluate("globalThis.broken")).toBeUndefined();
        expect(
          await page
            .locator(
              "main img, main script, main b:not(.breaker b), main i:empty:not(.dot):not(.swatch)",
            )
            .count(),
        ).toBe(0);
        await close();
      });
      await Promise.all(looked);
    });
  }
});
