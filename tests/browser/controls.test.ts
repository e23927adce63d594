import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import type { AlertView } from "../../src/pipeline/view.ts";
import { hasBrowser, openPage, PHONE, until } from "../support/browser.ts";
import { openStage, type Stage } from "../support/stage.ts";
import { HOSTILE_NAMES, StagedPipeline } from "../support/staged-pipeline.ts";
import { useStage } from "../support/use-stage.ts";

// Every control, as a person uses it: by pointer and by keyboard.

setDefaultTimeout(30_000);

const LAG: AlertView = {
  name: "lag <i>high</i>",
  state: "firing",
  severity: "critical",
  since: 1_700_000_000,
  clock: "processing",
  value: 61.5,
  labels: {},
  summary: "above 60 s",
  silenced: false,
};

describe.skipIf(!hasBrowser)("the controls", () => {
  const on = useStage({
    pipeline: () => new StagedPipeline({ isHostile: true, windowsBefore: 120 }),
    expected: /409|401|ERR_CONNECTION|ERR_INCOMPLETE/,
  });
  let stage: Stage;
  let page: Page;

  beforeEach(() => {
    ({ stage, page } = on);
    for (let second = 0; second < 8; second++) stage.step();
  });

  const open = (path: string): Promise<unknown> => page.goto(`${stage.url}/#/${path}`);
  const text = (selector: string): Promise<string> => page.locator(selector).first().innerText();

  test("links lead to the pages, also by the keyboard, and say where one is", async () => {
    await open("");
    await page.getByText("Skip to the page").waitFor({ state: "attached" });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
    for (const name of [
      "Explore",
      "Ledger",
      "Dead letters",
      "Source and sinks",
      "Alerts",
      "Control",
      "Overview",
    ]) {
      const link = page.getByRole("link", { name });
      await link.focus();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name }).waitFor();
      expect(await link.getAttribute("aria-current")).toBe("page");
      expect(await page.locator("[aria-current]").count()).toBe(1);
      expect(await page.title()).toStartWith(`${name} · `);
    }
  });

  test("language and theme change at once, and are remembered", async () => {
    await open("");
    await page.getByRole("button", { name: "RU, Русский" }).click();
    await page.getByRole("heading", { level: 1, name: "Обзор" }).waitFor();
    expect(await page.getAttribute("html", "lang")).toBe("ru");
    await page.getByRole("button", { name: "Тёмное" }).click();
    const background = "getComputedStyle(document.body).backgroundColor";
    expect(await page.evaluate(background)).toBe("rgb(12, 17, 22)");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Обзор" }).waitFor();
    expect(await page.evaluate(background)).toBe("rgb(12, 17, 22)");
    await page.getByRole("button", { name: "Светлое" }).click();
    expect(await page.evaluate(background)).toBe("rgb(244, 246, 248)");
    await page.getByRole("button", { name: "Как в системе" }).click();
    await page.emulateMedia({ colorScheme: "dark" });
    await until(page, `${background} === "rgb(12, 17, 22)"`);
  });

  test("a Russian browser is spoken to in Russian, with its numbers", async () => {
    const russian = await openPage(on.browser, { locale: "ru-RU", viewport: PHONE });
    await russian.page.goto(`${stage.url}/#/ledger`);
    await russian.page.getByText("Учтено каждое событие").waitFor();
    const received = await russian.page.locator(".received .sum-value").innerText();
    expect(received).toMatch(/^\d\d\s\d{3}$/);
    await russian.close();
  });

  test("the overview lives: rates, windows that fill, results", async () => {
    await open("");
    await page.getByText("per_ten_seconds").first().waitFor();
    expect(
      await page
        .getByRole("list", { name: "Rules and their windows" })
        .getByRole("listitem")
        .count(),
    ).toBeGreaterThan(3);
    const before = await text(".rule-node .cell:last-child .cell-count");
    for (let second = 0; second < 3; second++) stage.step();
    await until(
      page,
      `document.querySelector(".rule-node .cell:last-child .cell-count").textContent !== ${JSON.stringify(before)}`,
    );
    const newest = await text(".latest tbody time, .latest tbody td:last-child");
    for (let second = 0; second < 12; second++) stage.step();
    await until(
      page,
      `document.querySelector(".latest tbody td:last-child").innerText !== ${JSON.stringify(newest)}`,
    );
    // A look that was missed changes no rate: the tile and the source say the same.
    for (let second = 0; second < 7; second++) stage.pipeline.step();
    stage.step();
    await until(
      page,
      `document.querySelector(".wall").textContent.endsWith(":51") &&
        document.querySelector("[data-tile=events_per_second] .tile-value").textContent ===
        document.querySelector(".source-node .node-big").textContent`,
    );
    // A result leads to its series.
    await page.locator(".latest a").first().click();
    await page.locator(".legend-item").waitFor();
    expect(await page.locator(".legend-item").count()).toBe(1);
  });

  test("series are searched for, chosen, drawn, read as a table and removed", async () => {
    await open("explore");
    await page.locator(".legend-item").first().waitFor();
    expect(await page.locator(".legend-item").count()).toBe(3);
    for (let left = 3; left > 0; left--)
      await page
        .getByRole("button", { name: /^Remove / })
        .first()
        .click();
    await page.getByText("Choose a series").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("PUMP.pressure.3 max");
    await page.getByText("1 of 51 series", { exact: true }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.locator(".chart canvas").waitFor();
    await until(page, "document.querySelectorAll('.legend-item').length === 1");
    expect(await text(".legend-item")).toContain("pump.pressure.3");
    expect(page.url()).toContain("pump.pressure.3");
    await page.reload();
    await page.locator(".legend-item").waitFor();
    await page.getByRole("button", { name: "Table" }).click();
    const rows = page.locator(".chart-table tbody tr");
    await rows.first().waitFor();
    const before = await rows.count();
    expect(before).toBeGreaterThan(100);
    for (let second = 0; second < 12; second++) stage.step();
    await until(page, `document.querySelectorAll(".chart-table tbody tr").length > ${before}`);
    // Without the live tail nothing is added.
    await page.getByRole("button", { name: "Live" }).click();
    const now = await rows.count();
    for (let second = 0; second < 22; second++) stage.step();
    await page.waitForTimeout(400);
    expect(await rows.count()).toBe(now);
  });

  test("every hostile name can be found, chosen and read", async () => {
    await open("explore");
    await page.locator(".legend-item").first().waitFor();
    for (const name of HOSTILE_NAMES) {
      await page.getByRole("searchbox").fill(name.trim().split(/\s/)[0]!);
      await page.locator(".series-item").first().waitFor();
      await until(page, "document.querySelector('.series-list:not([aria-busy])') !== null");
      const box = page.locator(".series-item input").first();
      if (!(await box.isChecked())) await box.check();
    }
    expect(await page.locator(".legend-item").count()).toBe(8);
    await page.getByRole("searchbox").fill("no such series");
    await page.getByText("No such series").waitFor();
    expect(await page.evaluate("globalThis.broken")).toBeUndefined();
  });

  test("the chart zooms by dragging, by buttons and by keys", async () => {
    await open("explore");
    const chart = page.locator(".chart");
    await chart.locator("canvas").waitFor();
    const all = page.getByRole("button", { name: "Recent", exact: true });
    expect(await all.getAttribute("aria-pressed")).toBe("true");
    const box = (await chart.boundingBox())!;
    await page.mouse.move(box.x + 300, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 120, { steps: 4 });
    const whole = await chart.screenshot();
    await page.mouse.up();
    expect(await all.getAttribute("aria-pressed")).toBe("false");
    expect(Buffer.compare(whole, await chart.screenshot())).not.toBe(0);
    await page.mouse.dblclick(box.x + 300, box.y + 100);
    expect(await all.getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "5 min", exact: true }).click();
    expect(
      await page.getByRole("button", { name: "5 min", exact: true }).getAttribute("aria-pressed"),
    ).toBe("true");
    await chart.focus();
    for (const key of ["ArrowLeft", "ArrowRight", "+", "-"]) {
      const before = await chart.screenshot();
      await page.keyboard.press(key);
      await page.waitForTimeout(60);
      expect(Buffer.compare(before, await chart.screenshot())).not.toBe(0);
    }
    await page.keyboard.press("0");
    expect(await all.getAttribute("aria-pressed")).toBe("true");
    // The pointer reads the values under it.
    const newest = await text(".legend-value");
    await page.mouse.move(box.x + 200, box.y + 100);
    await until(
      page,
      `document.querySelector(".legend-value").textContent !== ${JSON.stringify(newest)}`,
    );
  });

  test("dead letters are filtered, searched and exported", async () => {
    await open("dead-letters");
    await page.getByText("24 shown, 24 kept").waitFor();
    expect(await text(".letter-seq")).toBe("#24");
    await page.getByLabel("Reason").selectOption("late");
    await page.getByText("12 shown, 24 kept").waitFor();
    await page.getByLabel("Text").fill("PUMP.3.");
    await page.getByText("1 shown, 24 kept").waitFor();
    await page.getByLabel("Text").fill("nothing like it");
    await page.getByText("Nothing is like that").waitFor();
    await page.getByLabel("Text").fill("");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export" }).click(),
    ]);
    const lines = (await readFile(await download.path(), "utf8")).trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual(
      Array.from({ length: 12 }, () => "late"),
    );
  });

  test("dead letters come page by page", async () => {
    const { letters } = stage.pipeline;
    for (let seq = letters.length + 1; seq <= 250; seq++) letters.push({ ...letters[0]!, seq });
    await open("dead-letters");
    await page.getByText("100 shown, 250 kept").waitFor();
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText("200 shown, 250 kept").waitFor();
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText("250 shown, 250 kept").waitFor();
    expect(await page.getByRole("button", { name: "Show more" }).isVisible()).toBe(false);
    letters.push({ ...letters[0]!, seq: 251 });
    stage.step();
    await page.getByRole("button", { name: "There are others now" }).click();
    await page.getByText("100 shown, 251 kept").waitFor();
  });

  test("an operator pauses, resumes, makes a checkpoint and reloads, after being asked", async () => {
    await open("control");
    const { done } = stage.pipeline;
    const press = async (name: string, answer: string): Promise<void> => {
      await page.getByRole("button", { name, exact: true }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: answer, exact: true }).click();
      await dialog.waitFor({ state: "detached" });
    };
    await press("Pause", "Cancel");
    expect(done).toEqual([]);
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(done).toEqual([]);
    await press("Pause", "Pause");
    await page.getByText("Nothing is read until you resume").waitFor();
    stage.step();
    await page.getByText("The pipeline is paused already.").waitFor();
    expect(await page.getByRole("button", { name: "Pause", exact: true }).isDisabled()).toBe(true);
    expect(await page.locator(".top .pill").innerText()).toBe("paused");
    await press("Resume", "Resume");
    await page.getByText("Reading goes on").waitFor();
    stage.step();
    await page.getByText("The pipeline is running.").waitFor();
    await press("Checkpoint", "Checkpoint");
    await page.getByText("The checkpoint is made").waitFor();
    await press("Reload", "Reload");
    await page.getByText("The configuration is reloaded").waitFor();
    // What cannot be done says why, as text.
    await press("Backup", "Backup");
    await page.getByText("Cannot write to /backups: <b>no space</b> left").waitFor();
    expect(done).toEqual(["pause", "resume", "checkpoint", "reload", "backup"]);
  });

  test("alerts say what is out of order, and when nothing is", async () => {
    await open("alerts");
    await page.getByText("connect ECONNREFUSED 10.0.0.7:5432").waitFor();
    stage.pipeline.report = { ...stage.pipeline.report, alerts: [LAG] };
    stage.step();
    const alert = page.getByRole("list", { name: "Now" }).getByRole("listitem");
    await alert.getByText("lag <i>high</i>").waitFor();
    // A word says what the colour and the picture say.
    expect(await alert.innerText()).toMatch(/critical[^]*firing[^]*above 60 s[^]*value 61\.5/);
    expect(await page.getByRole("link", { name: "Alerts" }).innerText()).toContain("2");
    stage.pipeline.report = { ...stage.pipeline.report, alerts: [] };
    stage.pipeline.sinkProblem = undefined;
    stage.step();
    await page.getByText("All is well").waitFor();
  });

  test("an alert is silenced for as long as is said, and told of again", async () => {
    const labels = { sink: "warehouse" };
    stage.pipeline.report = { ...stage.pipeline.report, alerts: [{ ...LAG, labels }] };
    await open("alerts");
    const silence = page.getByRole("button", { name: "Silence lag <i>high</i>" });
    await silence.click();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await silence.click();
    const dialog = page.getByRole("dialog", { name: "Silence this alert?" });
    await dialog.getByLabel("8 h").check();
    await dialog.getByLabel("Why").fill("<b>upgrade</b>");
    await dialog.getByRole("button", { name: "Silence" }).click();
    await page.getByText("The alert is silenced").waitFor();
    await page.getByText("<b>upgrade</b>").waitFor();
    stage.step();
    await page.getByText(/^Silenced until/).waitFor();
    // What is silenced asks for nobody's attention: the sink that is away still does.
    await until(page, `document.querySelector('a[href="#/alerts"] .badge').textContent === "1"`);
    await page.getByRole("button", { name: "End now: silence of lag <i>high</i>" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End now" }).click();
    await page.getByText("The silence has ended").waitFor();
    const ops = { name: "ops", kind: "slack", sent: 1, errors: 0, dropped: 0, waiting: 0 };
    stage.pipeline.report = { ...stage.pipeline.report, notifiers: [ops] };
    await page.reload();
    await page.getByRole("button", { name: "Test ops" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Test" }).click();
    await page.getByText("ops took it").waitFor();
    expect(stage.pipeline.done).toEqual([
      'silence lag <i>high</i> {"sink":"warehouse"} 28800 <b>upgrade</b>',
      "unsilence 1f00a2c3",
      "test ops",
    ]);
  });

  test("sinks show their breakers", async () => {
    await open("sinks");
    await page.getByRole("img", { name: "Breaker open: nothing is tried for a while" }).waitFor();
    expect(await page.getByRole("img", { name: "Breaker closed: rows go out" }).count()).toBe(2);
    stage.pipeline.sinkProblem = undefined;
    stage.step();
    await until(page, "document.querySelectorAll('.breaker[data-breaker=closed]').length === 3");
  });

  test("a cut is told, and what is shown goes on where it was", async () => {
    await open("");
    await page.locator(".latest tbody tr").first().waitFor();
    const { port, pipeline } = stage;
    await stage[Symbol.asyncDispose]();
    await page.getByText("The connection is cut.").waitFor();
    await page.getByRole("button", { name: "Try now" }).click();
    await page.getByText("The connection is cut.").waitFor();
    const rows = pipeline.recent.added;
    for (let second = 0; second < 12; second++) pipeline.step();
    expect(pipeline.recent.added).toBeGreaterThan(rows);
    on.stage = await openStage(pipeline, { port });
    await page.getByText("The connection is cut.").waitFor({ state: "hidden" });
    await until(page, "document.querySelector('.top .pill').textContent === 'running'");
  });

  test("an empty service says what will be there", async () => {
    await using empty = await openStage(new StagedPipeline({ isEmpty: true, seriesCount: 0 }));
    empty.step();
    await page.goto(`${empty.url}/`);
    await page.getByText("No window has fired yet").waitFor();
    await page.goto(`${empty.url}/#/explore`);
    await page.getByText("No such series").waitFor();
    await page.getByText("Choose a series").waitFor();
    await page.goto(`${empty.url}/#/dead-letters`);
    await page.getByText("Nothing was refused").waitFor();
    expect(await page.getByRole("button", { name: "Export" }).isDisabled()).toBe(true);
  });

  test("at phone width every control is within reach of a thumb", async () => {
    const phone = await openPage(on.browser, { viewport: PHONE, hasTouch: true });
    await phone.page.goto(stage.url);
    await phone.page.locator(".latest tbody tr").first().waitFor();
    for (const name of ["Explore", "Control", "Overview"]) {
      await phone.page.getByRole("link", { name }).tap();
      await phone.page.getByRole("heading", { level: 1, name }).waitFor();
    }
    const small = await phone.page
      .locator("a:visible, button:visible")
      .evaluateAll(
        (nodes) =>
          nodes
            .map((node) => node.getBoundingClientRect())
            .filter(({ width, height, y }) => y >= 0 && (width < 24 || height < 20)).length,
      );
    expect(small).toBe(0);
    expect(phone.faults).toEqual([]);
    await phone.close();
  });

  test("the page is wide enough for what it shows at any width", async () => {
    for (const width of [320, 700, 1180, 2560]) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of ["", "explore", "ledger", "dead-letters", "sinks"]) {
        await open(path);
        await page.locator("main .card:visible").first().waitFor();
        expect([
          width,
          path,
          await page.evaluate("document.documentElement.scrollWidth - innerWidth"),
        ]).toEqual([width, path, 0]);
      }
    }
  });
});
