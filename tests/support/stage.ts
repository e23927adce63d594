import { silentLogger } from "../../src/core/logger.ts";
import { createLiveFeed, createStatusApp } from "../../src/status/app.ts";
import type { Access } from "../../src/status/auth.ts";
import type { LiveFeed } from "../../src/status/live-feed.ts";
import { serve } from "../../src/status/serve.ts";
import type { StagedPipeline } from "./staged-pipeline.ts";
import { tokenAccess } from "./token-access.ts";

/** A dashboard that is served, over a pipeline that plays itself. */
export interface Stage extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly feed: LiveFeed;
  readonly pipeline: StagedPipeline;
  /** A second passes, and every dashboard is told. */
  step(): void;
}

/** @param options `everyMs`: a second passes so often; 0: by hand. `token`: what is asked for. */
export async function openStage(
  pipeline: StagedPipeline,
  options: {
    readonly everyMs?: number;
    readonly token?: string;
    readonly access?: Access;
    readonly port?: number;
    readonly run?: string;
  } = {},
): Promise<Stage> {
  const { everyMs = 0, token, port = 0, run = "stage" } = options;
  const { access = token === undefined ? { mode: "open" } : tokenAccess(token) } = options;
  const { control } = pipeline;
  const feed = createLiveFeed({ view: pipeline, control }, run);
  const app = createStatusApp({
    view: pipeline,
    control,
    feed,
    access,
    logger: silentLogger,
  });
  const server = await serve(app, {
    host: "127.0.0.1",
    port,
    portAsked: true,
    logger: silentLogger,
  });
  const step = (): void => {
    pipeline.step();
    feed.tick();
  };
  const timer = everyMs > 0 ? setInterval(step, everyMs) : undefined;
  return {
    url: server.url,
    port: server.port,
    feed,
    pipeline,
    step,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      feed.close();
      await server.stop();
    },
  };
}
