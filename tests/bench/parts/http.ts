import { cpus } from "node:os";
import { join } from "node:path";
import type { Bench, Part } from "../harness/bench.ts";
import { type Contestant, contest, type Sample } from "../harness/contest.ts";
import { rowsOfJson } from "../harness/inputs.ts";
import { canPin, runForJson } from "../harness/process.ts";
import {
  closeWindows,
  configure,
  type RunningProgram,
  rowsWritten,
  startProgram,
} from "../harness/service.ts";
import { sqliteRows } from "../harness/stores.ts";
import { throughputTable } from "../harness/table.ts";
import { BASELINES } from "./programs.ts";

const EVENTS_PER_REQUEST = 1_000;
const CONNECTIONS = 4;

/** Where the server runs, and where the client does. */
const SERVER_CORE = 0;
const CLIENT_CORE = 1;

const DURABLE = "naive, on disk";

const CONFIG = `import { defineConfig, sqlite } from "aggregator";
export default defineConfig({
  sinks: { db: sqlite({ path: "rows.sqlite" }) },
  // Requests that are in flight at once overtake each other.
  time: { outOfOrderness: "30s", idleTimeout: "off" },
  status: { port: 0 },
});
`;

interface Sent {
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The whole service over HTTP: its own bus on disk, aggregation, SQLite; beside handlers that do less. */
export const http: Part = {
  name: "http",
  summary: "POST of 1,000 events to the whole service, against a naive handler; latencies",
  async run(bench) {
    const core = cpus().length > 1 ? SERVER_CORE : undefined;
    const standings = await contest(
      [
        baseline("body dropped", "drop", { bench, core }),
        baseline("naive", "naive", { bench, core }),
        baseline(DURABLE, "durable", { bench, core }),
        service(bench, core),
      ],
      bench,
    );
    const pinning =
      core !== undefined && canPin
        ? "the server on one core and the client on another"
        : "unpinned";
    return [
      throughputTable({
        title: `HTTP: POST of ${EVENTS_PER_REQUEST} events, ${CONNECTIONS} connections, ${pinning}`,
        remarks: [
          "The service answers when the events are on disk; its time ends when the last row is in SQLite.",
          "The naive handler keeps its events in memory; the one on disk syncs those that come together once.",
          "Neither has windows that close, a state that outlives it, or rows in a store.",
          "CPU and memory are those of the server.",
        ],
        standings,
        events: bench.events,
        baseline: "naive",
        others: [DURABLE],
        extra: [
          { key: "acceptedRate", head: "answered M/s", digits: 2 },
          { key: "p50Ms", head: "p50 ms", digits: 2 },
          { key: "p99Ms", head: "p99 ms", digits: 2 },
        ],
      }),
    ];
  },
};

function baseline(
  name: string,
  mode: "drop" | "naive" | "durable",
  { bench, core }: { readonly bench: Bench; readonly core: number | undefined },
): Contestant {
  const input = bench.inputs.of(bench.events);
  return {
    name,
    async run() {
      const cwd = bench.folder();
      const command = [process.execPath, join(BASELINES, "http-server.ts"), mode];
      const server = await startProgram(command, { cwd, core, says: /listens at (http:\S+)/ });
      try {
        const sent = await send(bench, `${server.url}/`);
        const sample = sampleOf(sent, { seconds: sent.seconds, server, events: bench.events });
        if (mode !== "drop") {
          input.answer.check(rowsOfJson(await (await fetch(server.url)).text()));
        }
        return sample;
      } finally {
        await server.stop();
      }
    },
  };
}

function service(bench: Bench, core: number | undefined): Contestant {
  const input = bench.inputs.of(bench.events);
  return {
    name: "service",
    async run() {
      const cwd = bench.folder();
      configure(cwd, CONFIG);
      const server = await startProgram([bench.executable, "run"], { cwd, core });
      try {
        const start = performance.now();
        const sent = await send(bench, `${server.url}/vabus/events`);
        await closeWindows(server);
        await rowsWritten(server, input.answer.rows);
        const seconds = (performance.now() - start) / 1000;
        const sample = sampleOf(sent, { seconds, server, events: bench.events });
        input.answer.check(sqliteRows(join(cwd, "rows.sqlite")));
        return sample;
      } finally {
        await server.stop();
      }
    },
  };
}

function send(bench: Bench, url: string): Promise<Sent> {
  const input = bench.inputs.of(bench.events);
  const client = join(BASELINES, "http-client.ts");
  const args = [url, input.path, String(EVENTS_PER_REQUEST), String(CONNECTIONS)];
  return runForJson<Sent>([process.execPath, client, ...args], {
    cwd: bench.folder(),
    core: cpus().length > 1 ? CLIENT_CORE : undefined,
  });
}

function sampleOf(
  sent: Sent,
  of: { readonly seconds: number; readonly server: RunningProgram; readonly events: number },
): Sample {
  const { seconds, server, events } = of;
  const { p50Ms, p99Ms } = sent;
  const extra = { acceptedRate: events / sent.seconds / 1e6, p50Ms, p99Ms };
  const { cpuSeconds, peakMiB } = server.usage();
  return { seconds, cpuSeconds, peakMiB, extra };
}
