import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { hasBrowser } from "../support/browser.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";
import { useStage } from "../support/use-stage.ts";

setDefaultTimeout(30_000);

describe.skipIf(!hasBrowser)("the dead letters", () => {
  const on = useStage({ pipeline: () => new StagedPipeline() });

  test("show what was asked for last, whatever is answered last", async () => {
    const { stage, page } = on;
    stage.step();
    const held = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    await page.route(/dead-letters\?.*reason=late/, async (route) => {
      const answer = await route.fetch();
      await held.promise;
      // Given up by the page, maybe.
      await route.fulfill({ response: answer }).catch(() => {});
      answered.resolve();
    });
    await page.goto(`${stage.url}/#/dead-letters`);
    await page.getByText("24 shown, 24 kept").waitFor();
    const reason = page.getByLabel("Reason");
    const slow = page.waitForRequest(/reason=late/);
    await reason.selectOption("late");
    await slow;
    await reason.selectOption("invalid_value");
    await page.locator(".letter").nth(11).waitFor();
    await page.getByText("12 shown, 24 kept").waitFor();
    held.resolve();
    await answered.promise;
    await page.waitForTimeout(100);
    const shown = await page.locator(".letter .reason").allInnerTexts();
    expect(new Set(shown)).toEqual(new Set(["invalid value"]));
  });
});
