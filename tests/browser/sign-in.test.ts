import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import type { Gate } from "../../src/status/access/gate.ts";
import { digestOf, type TokenEntry } from "../../src/status/access/token-entry.ts";
import { hasBrowser, openPage, PHONE, until, type Watched } from "../support/browser.ts";
import { openStage, type Stage } from "../support/stage.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";
import { entriesOf, gateOf } from "../support/token-access.ts";
import { useBrowser } from "../support/use-stage.ts";

// Signing in and out, as a person does it, and what each role sees.

setDefaultTimeout(30_000);

describe.skipIf(!hasBrowser)("signing in", () => {
  const used = useBrowser();
  const open: (Watched | Stage)[] = [];
  const faults: string[] = [];

  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) {
      if ("close" in one) {
        await one.close();
        faults.push(...one.faults);
      } else await one[Symbol.asyncDispose]();
    }
    // Being refused is what is tried here.
    expect(faults.splice(0).filter((fault) => !/40[13]|ERR_INCOMPLETE/.test(fault))).toEqual([]);
  });

  let tokens: TokenEntry[];
  let gate: Gate;

  async function stageOf(): Promise<Stage> {
    tokens = entriesOf({ operator: "0perator", viewer: "v1ewer", ingest: "1ngest" });
    gate = gateOf({}, { keys: { tokens: () => tokens } });
    const stage = await openStage(new StagedPipeline(), { access: { mode: "token", gate } });
    stage.step();
    open.push(stage);
    return stage;
  }

  async function pageOf(options = {}): Promise<Page> {
    const watched = await openPage(used.browser, options);
    open.push(watched);
    return watched.page;
  }

  async function signIn(page: Page, token: string): Promise<void> {
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  test("a wrong token is told, by words and to a screen reader; the right one opens", async () => {
    const stage = await stageOf();
    const page = await pageOf();
    const answer = await page.goto(`${stage.url}/#/explore`);
    expect(answer!.status()).toBe(401);
    // Who comes with a keyboard types at once, and then is where the page begins.
    await until(page, 'document.activeElement.id === "token"');
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("This token does not open").waitFor();
    await signIn(page, "1ngest");
    await page.getByRole("alert").getByText("This token is not for the dashboard").waitFor();
    expect(await page.locator("main").isVisible()).toBe(false);
    await signIn(page, "0perator");
    await page.locator(".legend-item").first().waitFor();
    await until(page, 'document.activeElement.id === "main"');
    expect(await page.locator(".who").innerText()).toBe("the operator\noperator");
    // No script can take it, and nothing else of it is kept.
    expect(await page.evaluate("document.cookie")).toBe("");
    const kept = "JSON.stringify(localStorage) + JSON.stringify(sessionStorage)";
    expect(await page.evaluate(kept)).not.toContain("0perator");
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", secure: false, path: "/" });
    expect(cookie!.name).toBe(`aggregator_session_${stage.port}`);
    // Who is signed in stays so in the next tab.
    const next = await page.context().newPage();
    expect((await next.goto(stage.url))!.status()).toBe(200);
    await next.locator(".latest tbody tr").first().waitFor();
  });

  test("an operator acts, with the page's own proof; signing out shows nothing any more", async () => {
    const stage = await stageOf();
    const page = await pageOf();
    await page.goto(`${stage.url}/#/control`);
    await signIn(page, "0perator");
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByText("Nothing is read until you resume").waitFor();
    expect(stage.pipeline.done).toEqual(["pause"]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").waitFor();
    expect(await page.locator(".who").isVisible()).toBe(false);
    expect(await page.locator("main").isVisible()).toBe(false);
    expect(await page.locator(".pipeline-name").innerText()).toBe("");
    expect(gate.sessions.count).toBe(0);
    expect(await page.context().cookies()).toEqual([]);
    await page.reload();
    await page.getByLabel("Token").waitFor();
  });

  test("a viewer sees everything and no buttons that act, and cannot act beside them", async () => {
    const stage = await stageOf();
    const page = await pageOf();
    await page.goto(`${stage.url}/#/control`);
    await signIn(page, "v1ewer");
    await page.getByText("Only an operator may act here").waitFor();
    expect(await page.locator(".action:visible").count()).toBe(0);
    await page.getByRole("link", { name: "Dead letters" }).click();
    await page.getByText("24 shown, 24 kept").waitFor();
    expect(await page.getByRole("button", { name: "Replay" }).count()).toBe(0);
    const forced = `(async () => {
      const { csrf_token } = await (await fetch("/session")).json();
      const headers = { "x-csrf-token": csrf_token };
      return (await fetch("/control/pause", { method: "POST", headers })).status;
    })()`;
    expect(await page.evaluate(forced)).toBe(403);
    expect(stage.pipeline.done).toEqual([]);
  });

  test("a revoked token signs its pages out, at once", async () => {
    const stage = await stageOf();
    const page = await pageOf();
    await page.goto(stage.url);
    await signIn(page, "v1ewer");
    await page.locator(".latest tbody tr").first().waitFor();
    tokens = tokens.filter(({ digest }) => !Buffer.from(digest).equals(digestOf("v1ewer")));
    stage.step();
    await page.getByLabel("Token").waitFor();
    expect(await page.locator("main").isVisible()).toBe(false);
  });

  test("in Russian, and on a phone", async () => {
    const stage = await stageOf();
    const page = await pageOf({ locale: "ru-RU", viewport: PHONE });
    await page.goto(stage.url);
    await page.getByLabel("Токен").fill("нет");
    await page.getByRole("button", { name: "Войти" }).click();
    await page.getByText("Этот токен не подходит").waitFor();
    await page.getByLabel("Токен").fill("v1ewer");
    await page.getByRole("button", { name: "Войти" }).click();
    await page.locator(".latest tbody tr").first().waitFor();
    expect(await page.locator(".who").innerText()).toContain("наблюдатель");
    await until(page, "document.documentElement.scrollWidth === innerWidth");
    await page.getByRole("button", { name: "Выйти" }).click();
    await page.getByLabel("Токен").waitFor();
  });
});
