import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { hasBrowser, launchBrowser, openPage } from "../support/browser.ts";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { installExecutable } from "../support/executable.ts";
import { configure, urlOf } from "../support/service.ts";

// The executable alone in an empty folder, open to every address, in a real browser.

setDefaultTimeout(60_000);

describe.skipIf(!hasBrowser || !hasOpenssl)("a new user in a browser", () => {
  test.each(["http", "https"])(
    "signs in by %s with the tokens that were printed, acts, and signs out",
    async (scheme) => {
      using authority = new Authority().sign("server");
      await using aggregator = await installExecutable();
      for (const file of ["server.pem", "server.key"]) {
        await copyFile(authority.path(file), join(aggregator.folder, file));
      }
      const tls = scheme === "https" ? 'tls: { cert: "server.pem", key: "server.key" },' : "";
      await configure(
        aggregator,
        `export default { status: { host: "0.0.0.0", port: 0, ${tls} } };`,
      );
      const running = aggregator.spawn(["run"]);
      const { port } = new URL(await urlOf(running));
      const [, operator] = await running.waitFor(/^ {2}token +(\S+)/m);
      const [, viewer] = await running.waitFor(/^ {2}viewer +(\S+)/m);
      const browser = await launchBrowser();
      try {
        const { page, faults } = await openPage(browser, { ignoreHTTPSErrors: true });
        const signIn = async (token: string): Promise<void> => {
          await page.getByLabel("Token").fill(token);
          await page.getByRole("button", { name: "Sign in" }).click();
        };
        await page.goto(`${scheme}://127.0.0.1:${port}/#/control`);
        await signIn("wrong");
        await page.getByText("This token does not open").waitFor();
        await signIn(viewer!);
        await page.getByText("Only an operator may act here").waitFor();
        await page.getByRole("button", { name: "Sign out" }).click();
        await signIn(operator!);
        await page.getByRole("button", { name: "Checkpoint", exact: true }).click();
        await page
          .getByRole("dialog")
          .getByRole("button", { name: "Checkpoint", exact: true })
          .click();
        await page.getByText("The checkpoint is made").waitFor();
        const [cookie] = await page.context().cookies();
        expect(cookie).toMatchObject({
          httpOnly: true,
          secure: scheme === "https",
          sameSite: "Strict",
        });
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByLabel("Token").waitFor();
        expect(faults.filter((fault) => !/401|ERR_INCOMPLETE/.test(fault))).toEqual([]);
      } finally {
        await browser.close();
      }
      expect((await running.stop()).code).toBe(0);
    },
  );
});
