import { afterAll, afterEach, beforeAll, beforeEach, expect } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser, openPage, type Watched } from "./browser.ts";
import { openStage, type Stage } from "./stage.ts";
import type { StagedPipeline } from "./staged-pipeline.ts";

/** One browser for the tests of a group. */
export function useBrowser(): { readonly browser: Browser } {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });
  return {
    get browser() {
      return browser!; // before every test
    },
  };
}

/** What each test of a group has for itself. */
export interface OnStage {
  readonly browser: Browser;
  /** A test that closed it may put another in its place. */
  stage: Stage;
  readonly page: Page;
  readonly faults: readonly string[];
}

/**
 * A stage and a page for each test of a group, in one browser. Whatever went wrong on the page fails the test.
 *
 * @param options `pipeline`: what is played. `context`: of the page. `expected`: faults that belong to the tests.
 */
export function useStage(options: {
  readonly pipeline: () => StagedPipeline;
  readonly context?: BrowserContextOptions;
  readonly expected?: RegExp;
}): OnStage {
  const { pipeline, context, expected } = options;
  const used = useBrowser();
  let stage: Stage | undefined;
  let watched: Watched | undefined;
  beforeEach(async () => {
    stage = await openStage(pipeline());
    watched = await openPage(used.browser, context);
  });
  afterEach(async () => {
    await watched?.close();
    await stage?.[Symbol.asyncDispose]();
    expect(watched?.faults.filter((fault) => expected?.test(fault) !== true)).toEqual([]);
  });
  return {
    get browser() {
      return used.browser;
    },
    get stage() {
      return stage!; // before every test
    },
    set stage(other) {
      stage = other;
    },
    get page() {
      return watched!.page;
    },
    get faults() {
      return watched!.faults;
    },
  };
}
