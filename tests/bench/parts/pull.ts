import { join } from "node:path";
import type { Bench, Part } from "../harness/bench.ts";
import { type Contestant, contest, type Sample } from "../harness/contest.ts";
import { rowsIn } from "../harness/inputs.ts";
import { runForJson } from "../harness/process.ts";
import {
  configure,
  endOfStream,
  type RunningProgram,
  rowsWritten,
  startProgram,
} from "../harness/service.ts";
import { sqliteRows } from "../harness/stores.ts";
import { throughputTable } from "../harness/table.ts";
import { BASELINES } from "./programs.ts";

const EVENTS_PER_PAGE = 10_000;
const END_NAME = "end";

/** The whole service over a bus that it asks for pages; the bus gives them out of memory. */
export const pull: Part = {
  name: "pull",
  summary: "pull from a bus by the whole service, against clients that count or are naive",
  async run(bench) {
    const standings = await contest(
      [client(bench, "count"), client(bench, "naive"), service(bench)],
      bench,
    );
    return [
      throughputTable({
        title: `Pull: pages of ${EVENTS_PER_PAGE.toLocaleString("en-US")} events over HTTP, one ahead`,
        remarks: ["The service keeps its state on disk and ends when the last row is in SQLite."],
        standings,
        events: bench.events,
        baseline: "naive",
      }),
    ];
  },
};

async function withBus<Result>(
  bench: Bench,
  work: (bus: RunningProgram) => Promise<Result>,
): Promise<Result> {
  const { path } = bench.inputs.of(bench.events);
  const args = [path, String(EVENTS_PER_PAGE), endOfStream()];
  const bus = await startProgram([process.execPath, join(BASELINES, "page-bus.ts"), ...args], {
    cwd: bench.folder(),
    says: /listens at (http:\S+)/,
  });
  try {
    return await work(bus);
  } finally {
    await bus.stop();
  }
}

function client(bench: Bench, mode: "count" | "naive"): Contestant {
  const { answer, events } = bench.inputs.of(bench.events);
  return {
    name: mode === "count" ? "client that counts" : "naive",
    run: () =>
      withBus(bench, async ({ url }) => {
        const cwd = bench.folder();
        const output = join(cwd, "rows.ndjson");
        const command = [process.execPath, join(BASELINES, "pull-client.ts"), mode, url, output];
        const sample = await runForJson<Sample & { readonly events: number }>(command, { cwd });
        // And the one that ends the stream.
        if (sample.events !== events + 1) throw new Error(`${sample.events} events were read`);
        if (mode === "naive") {
          answer.check((await rowsIn(output)).filter(({ name }) => name !== END_NAME));
        }
        return sample;
      }),
  };
}

function service(bench: Bench): Contestant {
  const { answer } = bench.inputs.of(bench.events);
  return {
    name: "service",
    run: () =>
      withBus(bench, async (bus) => {
        const cwd = bench.folder();
        configure(cwd, configOf(bus.url));
        const server = await startProgram([bench.executable, "run"], { cwd });
        try {
          await rowsWritten(server, answer.rows);
          const endMs = performance.timeOrigin + performance.now();
          const sample = { seconds: (endMs - (await firstAskedMs(bus))) / 1000, ...server.usage() };
          answer.check(sqliteRows(join(cwd, "rows.sqlite")));
          return sample;
        } finally {
          await server.stop();
        }
      }),
  };
}

async function firstAskedMs({ url }: RunningProgram): Promise<number> {
  const answer = (await (await fetch(`${url}/asked`)).json()) as { firstAskedMs: number }; // our own
  return answer.firstAskedMs;
}

function configOf(url: string): string {
  return `import { defineConfig, sqlite, vabus } from "aggregator";
export default defineConfig({
  source: vabus({ url: ${JSON.stringify(url)}, limit: ${EVENTS_PER_PAGE} }),
  sinks: { db: sqlite({ path: "rows.sqlite" }) },
  time: { idleTimeout: "off" },
  status: { port: 0 },
});
`;
}
