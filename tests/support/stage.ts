import { silentLogger } from "../../src/core/logger.ts";
import { createLiveFeed, createStatusApp } from "../../src/status/app.ts";
import type { Access } from "../../src/status/auth.ts";
import type { LiveFeed } from "../../src/status/live-feed.ts";
import { serve } from "../../src/status/serve.ts";
import type { StagedPipeline } from "./staged-pipeline.ts";

/** A dashboard that is served, over a pipeline that plays itself. */
export interface Stage extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly feed: LiveFeed;
  readonly pipeline: StagedPipeline;
  /** A second passes, and every dashboard is told. */
  step(): void;
}

/** @param options `access`: who is let in; everybody when left out. `port`: any when left out. */
export async function openStage(
  pipeline: StagedPipeline,
  options: { readonly access?: Access; readonly port?: number } = {},
): Promise<Stage> {
  const { access = { mode: "open" }, port = 0 } = options;
  const { control } = pipeline;
  const feed = createLiveFeed({ view: pipeline, control }, "stage");
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
  return {
    url: server.url,
    port: server.port,
    feed,
    pipeline,
    step() {
      pipeline.step();
      feed.tick();
    },
    async [Symbol.asyncDispose]() {
      feed.close();
      await server.stop();
    },
  };
}
