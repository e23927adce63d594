import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { hasBrowser, openPage, until } from "../support/browser.ts";
import { openStage } from "../support/stage.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";
import { useBrowser } from "../support/use-stage.ts";

// The list of series while series come.

setDefaultTimeout(30_000);

describe.skipIf(!hasBrowser)("the list of series", () => {
  const used = useBrowser();

  test("fills by itself once a first window has fired, as after a restart", async () => {
    await using stage = await openStage(new StagedPipeline({ windowsBefore: 0 }));
    const { page, faults, close } = await openPage(used.browser);
    await page.goto(`${stage.url}/#/explore`);
    await page.getByText("No such series").waitFor();
    for (let second = 0; second < 6; second++) stage.step();
    await page.locator(".series-item").first().waitFor();
    await page.locator(".legend-item").first().waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  test("keeps the focus where it is when further series come", async () => {
    await using stage = await openStage(new StagedPipeline());
    stage.step();
    const { page, faults, close } = await openPage(used.browser);
    await page.goto(`${stage.url}/#/explore`);
    const box = page.locator(".series-item input").nth(3);
    await box.focus();
    const name = await page.locator(".series-item .series-name").nth(3).innerText();
    const [row] = stage.pipeline.results({ limit: 1 }).rows;
    stage.pipeline.recent.add([
      { ...row!, id: "1", pipeline: "plant-7", name: "a.new.one", labels: {} },
    ]);
    stage.step();
    await page.getByText("a.new.one").waitFor();
    await until(page, "document.activeElement.matches('.series-item input')");
    const focused = "document.activeElement.closest('.series-item')";
    expect(await page.evaluate<string>(`${focused}.querySelector('.series-name').innerText`)).toBe(
      name,
    );
    expect(faults).toEqual([]);
    await close();
  });
});
