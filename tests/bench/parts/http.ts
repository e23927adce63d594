import { cpus } from "node:os";
import { join } from "node:path";
import type { Bench, Part } from "../harness/bench.ts";
import { type Contestant, contest, type Sample, type Standing } from "../harness/contest.ts";
import { type Input, rowsOfJson } from "../harness/inputs.ts";
import { canPin, runForJson } from "../harness/process.ts";
import {
  closeWindows,
  configure,
  type RunningProgram,
  rowsWritten,
  startProgram,
} from "../harness/service.ts";
import { sqliteRows } from "../harness/stores.ts";
import { type Table, throughputTable } from "../harness/table.ts";
import { BASELINES } from "./programs.ts";

const EVENTS_PER_REQUEST = 1_000;
const CONNECTIONS = 4;

/** Where the server runs, and where the client does. */
const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/** Of event time: two windows, while the usual stream has thirty. */
const STEADY_SECONDS = 120;

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

interface Load {
  /** What is sent. */
  readonly input: Input;
  /** What the server is held to. */
  readonly core: number | undefined;
}

/** The whole service over HTTP: its own bus on disk, aggregation, SQLite; beside handlers that do less. */
export const http: Part = {
  name: "http",
  summary: "POST of 1,000 events to the whole service, against naive handlers; latencies",
  async run(bench) {
    const core = cpus().length > 1 ? SERVER_CORE : undefined;
    const usual = { input: bench.inputs.of(bench.events), core };
    const steady = { input: bench.inputs.of(bench.events, { seconds: STEADY_SECONDS }), core };
    const pinning =
      core !== undefined && canPin
        ? "the server on one core and the client on another"
        : "unpinned";
    const title = `HTTP: POST of ${EVENTS_PER_REQUEST} events, ${CONNECTIONS} connections, ${pinning}`;
    return [
      tableOf(bench, {
        title,
        remarks: [
          "The service answers when the events are on disk; its time ends when the last row is in SQLite.",
          "The naive handler keeps its events in memory; the one on disk syncs those that come together once.",
          "Neither has windows that close, a state that outlives it, or rows in a store.",
          "CPU and memory are those of the server.",
        ],
        standings: await contest(
          [baseline("body dropped", "drop", { bench, ...usual }), ...contestants(bench, usual)],
          bench,
        ),
      }),
      tableOf(bench, {
        title: "The same number of events out of two minutes",
        remarks: [
          "Above thirty windows close in the run, each with a row for every series. Here two do, so that this",
          "is what the events themselves cost.",
        ],
        standings: await contest(contestants(bench, steady), bench),
      }),
    ];
  },
};

function contestants(bench: Bench, load: Load): Contestant[] {
  return [
    baseline("naive", "naive", { bench, ...load }),
    baseline(DURABLE, "durable", { bench, ...load }),
    service(bench, load),
  ];
}

function tableOf(
  { events }: Bench,
  of: {
    readonly title: string;
    readonly remarks: readonly string[];
    readonly standings: readonly Standing[];
  },
): Table {
  return throughputTable({
    ...of,
    events,
    baseline: "naive",
    others: [DURABLE],
    extra: [
      { key: "acceptedRate", head: "answered M/s", digits: 2 },
      { key: "p50Ms", head: "p50 ms", digits: 2 },
      { key: "p99Ms", head: "p99 ms", digits: 2 },
    ],
  });
}

function baseline(
  name: string,
  mode: "drop" | "naive" | "durable",
  { bench, input, core }: Load & { readonly bench: Bench },
): Contestant {
  return {
    name,
    async run() {
      const cwd = bench.folder();
      const command = [process.execPath, join(BASELINES, "http-server.ts"), mode];
      const server = await startProgram(command, { cwd, core, says: /listens at (http:\S+)/ });
      try {
        const sent = await send(bench, input, `${server.url}/`);
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

function service(bench: Bench, { input, core }: Load): Contestant {
  return {
    name: "service",
    async run() {
      const cwd = bench.folder();
      configure(cwd, CONFIG);
      const server = await startProgram([bench.executable, "run"], { cwd, core });
      try {
        const start = performance.now();
        const sent = await send(bench, input, `${server.url}/vabus/events`);
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

function send(bench: Bench, { path }: Input, url: string): Promise<Sent> {
  const client = join(BASELINES, "http-client.ts");
  const args = [url, path, String(EVENTS_PER_REQUEST), String(CONNECTIONS)];
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
