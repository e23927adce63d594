import { afterEach, describe, expect, test } from "bun:test";
import { main } from "../../src/cli/main.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { createStatusApp } from "../../src/status/app.ts";
import type { Access } from "../../src/status/auth.ts";
import { type RunningServer, serve } from "../../src/status/serve.ts";
import { captureTerminal } from "../support/capture-terminal.ts";
import { StagedPipeline } from "../support/staged-pipeline.ts";
import { tokenAccess } from "../support/token-access.ts";

let server: RunningServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

class TroubledStage extends StagedPipeline {
  reasons: string[] = [];

  override health(): { status: "ok" } {
    if (this.reasons.length === 0) return super.health();
    const degraded: unknown = { status: "degraded", reasons: this.reasons };
    return degraded as { status: "ok" }; // the stage itself is never troubled
  }
}

async function serveStage(access: Access = { mode: "open" }): Promise<TroubledStage> {
  const stage = new TroubledStage({ seriesCount: 2, windowsBefore: 1 });
  const app = createStatusApp({ view: stage, access, logger: silentLogger });
  server = await serve(app, { host: "127.0.0.1", port: 0, portAsked: true, logger: silentLogger });
  return stage;
}

async function call(words: readonly string[], env: Record<string, string> = {}) {
  const { terminal, written } = captureTerminal();
  const code = await main(["status", ...words], { terminal, env, cwd: import.meta.dir });
  return { code, ...written };
}

describe("status", () => {
  test("shows a service that is well, and exits with 0", async () => {
    await serveStage();
    const { code, stdout, stderr } = await call([server!.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith("● plant-7  running");
    expect(stdout).not.toContain("\u001b");
  });

  test("exits with 1 when something troubles it, and says what", async () => {
    const stage = await serveStage();
    stage.reasons = ["sink warehouse: connection refused"];
    const { code, stdout } = await call([server!.url]);
    expect(code).toBe(1);
    expect(stdout).toContain("connection refused");
  });

  test("exits with 1 when nobody listens, and says where", async () => {
    await serveStage();
    const { url } = server!;
    await server!.stop();
    const { code, stderr } = await call([url]);
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot reach the service at ${new URL(url).host}`);
  });

  test("tells that the token is missing, or wrong", async () => {
    await serveStage(tokenAccess("right-token"));
    const missing = await call([server!.url]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("wants a token");
    const wrong = await call([server!.url], { AGGREGATOR_TOKEN: "wrong-token" });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/token.* is wrong/i);
    expect(wrong.stderr).not.toContain("wrong-token");
    expect((await call([server!.url], { AGGREGATOR_TOKEN: "right-token" })).code).toBe(0);
  });

  test("gives one JSON object, also of a service that is away", async () => {
    const stage = await serveStage();
    const { url } = server!;
    const seen = await call([url, "--json"]);
    expect(JSON.parse(seen.stdout)).toMatchObject({
      ok: true,
      url,
      at: expect.any(Number),
      health: { status: "ok" },
      name: "plant-7",
      ledger: { received: stage.ledger().received },
    });
    await server!.stop();
    const away = await call([url, "--json"]);
    expect(away).toMatchObject({ code: 1, stderr: "" });
    expect(JSON.parse(away.stdout)).toMatchObject({ ok: false, url, error: expect.any(String) });
  });

  test("refuses a span that is none, and one that is a load", async () => {
    for (const every of ["often", "1ms", "-1s"]) {
      const { code, stderr } = await call(["http://x", "--watch", `--every=${every}`]);
      expect(code).toBe(2);
      expect(stderr).toContain(`"${every}"`);
    }
  });

  test("finds the service by the environment, and refuses another one there", async () => {
    await serveStage();
    const { port } = server!;
    const { code, stderr } = await call([], { PORT: String(port) });
    expect(code).toBe(1);
    expect(stderr).toContain('runs "plant-7", not "aggregator"');
  });
});
