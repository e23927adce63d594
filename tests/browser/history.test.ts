import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import { TransientError } from "../../src/core/errors.ts";
import { hasBrowser } from "../support/browser.ts";
import type { Stage } from "../support/stage.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";
import { useStage } from "../support/use-stage.ts";

// Charts go on out of the sink where the memory ends.

setDefaultTimeout(30_000);

describe.skipIf(!hasBrowser)("the chart of the past", () => {
  const on = useStage({
    // Twenty minutes are in memory.
    pipeline: () => new StagedPipeline({ windowsBefore: 120 }),
    // A sink that cannot be read.
    expected: /503/,
  });
  let stage: Stage;
  let page: Page;

  beforeEach(async () => {
    ({ stage, page } = on);
    await page.goto(`${stage.url}/#/explore`);
    await page.locator(".chart canvas").waitFor();
  });

  const press = (name: string): Promise<void> =>
    page.getByRole("button", { name, exact: true }).click();

  /** Each series asks for itself. */
  const asks = async (count: number): Promise<void> => {
    while (stage.pipeline.historyAsked.length < count) await page.waitForTimeout(20);
  };

  test("goes back as far as the sink, as finely as can be seen", async () => {
    const { historyAsked, now } = stage.pipeline;
    const past = page.locator(".chart-past");
    await press("5 min");
    expect(await past.isVisible()).toBe(false);
    await press("1 h");
    await asks(3);
    await page.getByText("The past is from sink warehouse.").waitFor();
    const series = await page.locator(".legend-item").count();
    expect(historyAsked).toHaveLength(series);
    expect(historyAsked[0]).toMatchObject({ rule: "per_ten_seconds", labels: "{}" });
    expect(historyAsked[0]!.from!).toBeLessThan(now - 3_600);
    // Only what is not in memory.
    expect(historyAsked[0]!.to!).toBeLessThan(now - 1_000);
    const short = await page.locator(".chart").screenshot();
    await press("30 d");
    await asks(2 * series);
    await page.getByText("the mean of every").waitFor();
    expect(Buffer.compare(short, await page.locator(".chart").screenshot())).not.toBe(0);
    expect(historyAsked).toHaveLength(2 * series);
    const coarse = await past.innerText();
    // A small step is there already; a closer look is asked for.
    await page.locator(".chart").focus();
    await page.keyboard.press("ArrowLeft");
    await press("1 d");
    await asks(3 * series);
    await page.waitForFunction((before) => {
      const shown = document.querySelector(".chart-past")?.textContent ?? "";
      return shown.includes("the mean of every") && shown !== before;
    }, coarse);
    expect(historyAsked).toHaveLength(3 * series);
    await press("Table");
    await page.getByText("The newest 200 of").waitFor();
    await press("Table");
    await press("Recent");
    await past.waitFor({ state: "hidden" });
    expect(on.faults).toEqual([]);
  });

  test("all that the sink holds is one answer, also while it goes on", async () => {
    const { historyAsked } = stage.pipeline;
    await press("All: everything that the sink holds");
    await page.getByText("the mean of every").waitFor();
    const series = await page.locator(".legend-item").count();
    expect(historyAsked).toHaveLength(series);
    expect(historyAsked[0]!.from).toBeUndefined();
    expect(historyAsked[0]!.to!).toBeLessThan(stage.pipeline.now);
    for (let second = 0; second < 25; second++) stage.step();
    await page.waitForTimeout(1_500);
    expect(historyAsked).toHaveLength(series);
    // A closer look is asked for.
    await press("7 d");
    await asks(2 * series);
    expect(historyAsked.at(-1)!.from).toBeDefined();
    await press("Recent");
    await page.locator(".chart-past").waitFor({ state: "hidden" });
    expect(on.faults).toEqual([]);
  });

  test("tells where it begins when the sink holds too many rows", async () => {
    const { history } = stage.pipeline;
    stage.pipeline.history = async (request) => {
      const answer = await history.call(stage.pipeline, request);
      return { ...answer, whole_from: answer.points[0]!.window_start };
    };
    await press("All: everything that the sink holds");
    await page.getByText("the sink holds more rows than are read at once").waitFor();
    await press("Recent");
    await page.locator(".chart-past").waitFor({ state: "hidden" });
  });

  test("says why when the sink cannot be read, and shows what is in memory", async () => {
    stage.pipeline.historyProblem = new TransientError("Cannot read <b>warehouse</b>: it is away");
    await press("7 d");
    await page.getByText("Cannot read <b>warehouse</b>: it is away").waitFor();
    expect(await page.locator(".chart canvas").isVisible()).toBe(true);
    // It is not asked at every second.
    const asked = await page.locator(".legend-item").count();
    await asks(asked);
    for (let second = 0; second < 3; second++) stage.step();
    await press("Table");
    await page.locator(".chart-table td").first().waitFor();
    expect(stage.pipeline.historyAsked).toHaveLength(asked);
  });
});
