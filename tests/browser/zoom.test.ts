import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import { DESKTOP, hasBrowser, until } from "../support/browser.ts";
import type { Stage } from "../support/stage.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";
import { useStage } from "../support/use-stage.ts";

// A chart under the wheel and under fingers.

setDefaultTimeout(30_000);

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

describe.skipIf(!hasBrowser)("a chart is zoomed", () => {
  const on = useStage({
    pipeline: () => new StagedPipeline({ windowsBefore: 120 }),
    // So low that the page scrolls.
    context: { viewport: { ...DESKTOP, height: 500 }, hasTouch: true },
  });
  let stage: Stage;
  let page: Page;

  beforeEach(async () => {
    ({ stage, page } = on);
    await page.goto(`${stage.url}/#/explore`);
    await page.locator(".chart .u-over").waitFor();
  });

  /** Without the axes. */
  const plot = async (): Promise<Box> => (await page.locator(".chart .u-over").boundingBox())!;

  const isRecent = async (): Promise<boolean> =>
    (await page
      .getByRole("button", { name: "Recent", exact: true })
      .getAttribute("aria-pressed")) === "true";

  const picture = (): Promise<Buffer> => page.locator(".chart canvas").screenshot();

  const read = (): Promise<string> => page.locator(".legend-value").first().innerText();

  test("by the wheel with Ctrl, about the pointer; a wheel that passes scrolls the page", async () => {
    const { x, y, width } = await plot();
    const newest = await read();
    await page.mouse.move(x + width / 3, y + 60);
    await until(
      page,
      `document.querySelector(".legend-value").textContent !== ${JSON.stringify(newest)}`,
    );
    const under = await read();
    await page.mouse.wheel(0, 80);
    await until(page, "scrollY > 0");
    expect(await isRecent()).toBe(true);
    await page.mouse.wheel(0, -80);
    await until(page, "scrollY === 0");
    const before = await picture();
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Control");
    await until(page, `document.querySelectorAll(".segment[aria-pressed=true]").length === 3 - 1`);
    expect(await isRecent()).toBe(false);
    expect(Buffer.compare(before, await picture())).not.toBe(0);
    await page.mouse.move(x + width / 3, y + 61);
    expect(await read()).toBe(under);
    expect(await page.evaluate("scrollY")).toBe(0);
    expect(await page.evaluate("visualViewport.scale")).toBe(1);
  });

  test("by the wheel alone once it was clicked, and moved with Shift", async () => {
    const { x, y, width } = await plot();
    await page.mouse.click(x + width / 2, y + 60);
    await page.mouse.wheel(0, -300);
    await until(page, `document.querySelectorAll(".segment[aria-pressed=true]").length === 2`);
    const zoomed = await picture();
    await page.keyboard.down("Shift");
    await page.mouse.wheel(0, -200);
    await page.keyboard.up("Shift");
    await page.waitForTimeout(60);
    expect(Buffer.compare(zoomed, await picture())).not.toBe(0);
    expect(await page.evaluate("scrollY")).toBe(0);
  });

  test("by two fingers, and moved by one; a tap moves nothing", async () => {
    const { x, y, width } = await plot();
    const session = await page.context().newCDPSession(page);
    const touch = (type: string, ...fingers: readonly number[]): Promise<unknown> =>
      session.send("Input.dispatchTouchEvent", {
        type: type as "touchStart",
        touchPoints: fingers.map((share, id) => ({ x: x + width * share, y: y + 80, id })),
      });
    await touch("touchStart", 0.5);
    await touch("touchMove", 0.502);
    await touch("touchEnd");
    expect(await isRecent()).toBe(true);
    const before = await picture();
    await touch("touchStart", 0.45, 0.55);
    for (const by of [0.05, 0.1, 0.2]) await touch("touchMove", 0.45 - by, 0.55 + by);
    await touch("touchEnd");
    await until(page, `document.querySelectorAll(".segment[aria-pressed=true]").length === 2`);
    const zoomed = await picture();
    expect(Buffer.compare(before, zoomed)).not.toBe(0);
    await touch("touchStart", 0.4);
    for (const to of [0.5, 0.6, 0.7]) await touch("touchMove", to);
    await touch("touchEnd");
    await page.waitForTimeout(60);
    expect(Buffer.compare(zoomed, await picture())).not.toBe(0);
  });

  test("never further than a clock can tell, whoever keeps the key down", async () => {
    await page.locator(".chart").focus();
    for (let press = 0; press < 60; press++) await page.keyboard.press("-");
    for (let press = 0; press < 160; press++) await page.keyboard.press("ArrowLeft");
    await page.getByText("The past is from sink warehouse").waitFor();
    for (const { from } of stage.pipeline.historyAsked) {
      expect(from).toBeGreaterThanOrEqual(-62_135_596_800);
    }
    for (let press = 0; press < 80; press++) await page.keyboard.press("+");
    await page.keyboard.press("0");
    expect(await isRecent()).toBe(true);
  });
});
