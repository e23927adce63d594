import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** Debian's browser. Without it the tests are skipped, but never where everything has to be proved. */
export const hasBrowser = existsSync(CHROMIUM) || process.env["CI"] === "true";

export const DESKTOP = { width: 1440, height: 900 } as const;
export const PHONE = { width: 390, height: 844 } as const;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
}

/** A page, and what went wrong on it: errors of scripts, of the console, of the policy. */
export interface Watched {
  readonly page: Page;
  readonly faults: string[];
  close(): Promise<void>;
}

export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: DESKTOP,
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (failure) => faults.push(failure.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== "127.0.0.1" && !request.url().startsWith("blob:"))
      faults.push(`asked elsewhere: ${request.url()}`);
  });
  page.setDefaultTimeout(10_000);
  return { page, faults, close: () => context.close() };
}

/** Asks the page until it says yes. The policy of the page forbids what the library has for this. */
export async function until(page: Page, expression: string): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!(await page.evaluate<unknown>(expression))) {
    if (performance.now() > endMs) throw new Error(`Never became true: ${expression}`);
    await page.waitForTimeout(20);
  }
}
