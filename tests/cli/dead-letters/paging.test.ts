import { expect, test } from "bun:test";
import { main } from "../../../src/cli/main.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { createStatusApp } from "../../../src/status/app.ts";
import { serve } from "../../../src/status/serve.ts";
import { fakeView } from "../../status/fake-view.ts";
import { captureTerminal } from "../../support/capture-terminal.ts";

test("a service is asked for letters behind --after, not for those before", async () => {
  const view = fakeView();
  const app = createStatusApp({ view, access: { mode: "open" }, logger: silentLogger });
  const at = { host: "127.0.0.1", port: 0, portAsked: true, logger: silentLogger };
  const server = await serve(app, at);
  try {
    const { terminal } = captureTerminal();
    const words = ["dead-letters", "list", server.url, "--after", "2000", "--json"];
    expect(await main(words, { terminal, env: {}, cwd: import.meta.dir })).toBe(0);
    expect(view.asked).toMatchObject([{ after: "2000" }]);
  } finally {
    await server.stop();
  }
});
