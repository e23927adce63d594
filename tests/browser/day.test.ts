import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { hasBrowser, launchBrowser, openPage, until } from "../support/browser.ts";
import { isFull } from "../support/effort.ts";
import { openStage } from "../support/stage.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";

// A day of the stream, a second a step, as fast as the page takes it: nothing may grow with the time.

setDefaultTimeout(isFull ? 600_000 : 120_000);

/** The usual form takes every eighth second: the same hours, an eighth of the events. */
const EVENTS = isFull ? 86_400 : 10_800;
const SECONDS = 86_400 / EVENTS;

interface Size {
  readonly heap: number;
  readonly nodes: number;
}

test.skipIf(!hasBrowser)(
  "a day of the stream leaves the page and the service as large as they were",
  async () => {
    const browser = await launchBrowser();
    await using stage = await openStage(new StagedPipeline({ seriesCount: 8, windowsBefore: 20 }));
    const { page, faults, close } = await openPage(browser, {
      viewport: { width: 1024, height: 700 },
    });
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const size = async (): Promise<Size> => {
      await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      const metric = (name: string): number => metrics.find((one) => one.name === name)!.value;
      return { heap: metric("JSHeapUsedSize"), nodes: metric("Nodes") };
    };
    await page.goto(stage.url);
    await page.locator(".latest tbody tr").first().waitFor();
    const play = async (events: number): Promise<void> => {
      for (let event = 0; event < events; event++) {
        for (let second = 0; second < SECONDS; second++) stage.pipeline.step();
        stage.feed.tick();
        // Every one of them is to arrive: a client that is behind would be left out.
        if (event % 20 === 0) await Bun.sleep(0);
        if (event % 400 === 0) await arrived();
      }
      await arrived();
    };
    const arrived = async (): Promise<void> => {
      stage.feed.tick();
      const clock = new Date(stage.pipeline.now * 1000).toISOString().slice(11, 19);
      await until(page, `document.querySelector(".wall").textContent === ${JSON.stringify(clock)}`);
    };
    // Until every buffer that has a bound is full.
    await play(1_200);
    const before = await size();
    const rssBefore = process.memoryUsage.rss();
    await play(EVENTS - 1_200);
    const after = await size();
    Bun.gc(true);
    const rssAfter = process.memoryUsage.rss();
    expect(stage.feed.clientCount).toBe(1);
    expect(after.heap - before.heap).toBeLessThan(2 * 2 ** 20);
    expect(after.nodes - before.nodes).toBeLessThan(200);
    expect(rssAfter - rssBefore).toBeLessThan(100 * 2 ** 20);
    expect(faults).toEqual([]);
    await close();
    await browser.close();
  },
);

describe.skipIf(!hasBrowser)("50,000 series", () => {
  test("are searched as fast as one types", async () => {
    await using stage = await openStage(
      new StagedPipeline({ seriesCount: 50_000, windowsBefore: 2 }),
    );
    const browser = await launchBrowser();
    const { page, faults, close } = await openPage(browser);
    await page.goto(`${stage.url}/#/explore`);
    await page.getByText("50,000 of 50,000 series").waitFor();
    for (const [typed, found] of [
      ["p", "50,000 of 50,000 series"],
      ["pump.pressure.8332", "1 of 50,000 series"],
      ["edge-0 BOILER avg", "1,667 of 50,000 series"],
      ["nothing at all", "0 of 50,000 series"],
    ] as const) {
      const startMs = performance.now();
      await page.getByRole("searchbox").fill(typed);
      await page.getByText(found, { exact: true }).waitFor();
      // With 120 ms of waiting for the next key.
      expect(performance.now() - startMs).toBeLessThan(2_000);
    }
    // Few of them are ever in the page.
    expect(await page.locator(".series-item").count()).toBeLessThanOrEqual(50);
    expect(faults).toEqual([]);
    await close();
    await browser.close();
  });
});
