import { afterEach, beforeEach, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import * as v from "valibot";
import { OPEN_MS_MAX } from "../../src/core/limits.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type Closable, Connection } from "../../src/pipeline/connection.ts";
import { kafkaOptions } from "../../src/sinks/kafka/options.ts";
import { kafka as kafkaSink } from "../../src/sinks/kafka.ts";
import { postgres } from "../../src/sinks/postgres.ts";
import { postgresOptions } from "../../src/sinks/sql/postgres-options.ts";
import { kafkaSourceOptions } from "../../src/sources/kafka/options.ts";
import { kafka as kafkaSource } from "../../src/sources/kafka.ts";
import { vabusOptions } from "../../src/sources/vabus/options.ts";
import { vabus } from "../../src/sources/vabus.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

// A peer that takes every connection and never says a word.

let server: Server;
let place: string;
const sockets = new Set<Socket>();

beforeEach(async () => {
  server = createServer((socket) => void sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number }; // it speaks TCP
  place = `127.0.0.1:${port}`;
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
});

const clock = new VirtualClock();
const logger = silentLogger;
const reading = { cursor: undefined, waitMsMax: 100, log: undefined, clock, logger };
const owner = { share: "0/1", lineage: "00000000-0000-8000-8000-000000000000", epoch: 1 };
const writing = { owner, sink: "a", pipeline: "p", generation: 1, clock, logger };

type Open = (signal: AbortSignal) => Promise<Closable>;

const parts: [part: string, open: () => Open][] = [
  [
    "the kafka source",
    () => {
      const options = v.parse(kafkaSourceOptions, { brokers: place, topic: "t", group: "g" });
      return (signal) => kafkaSource.open(options, reading, signal);
    },
  ],
  [
    "the kafka sink",
    () => {
      const options = v.parse(kafkaOptions, { brokers: place, topic: "t" });
      return (signal) => kafkaSink.open(options, writing, signal);
    },
  ],
  [
    "the postgres sink",
    () => {
      const options = v.parse(postgresOptions, { url: `postgres://a:b@${place}/plant` });
      return (signal) => postgres.open(options, writing, signal);
    },
  ],
  [
    "the vabus source",
    () => {
      const options = v.parse(vabusOptions, { url: `http://${place}/vabus` });
      return async (signal) => {
        const reader = await vabus.open(options, reading, signal);
        await reader.read(signal);
        return reader;
      };
    },
  ],
];

test.each(parts)("%s gives it up", async (_, open) => {
  const connection = new Connection({
    label: "part",
    open: open(),
    clock,
    logger,
    random: () => 1,
  });
  const stop = new AbortController();
  const using = connection.use(async () => {}, stop.signal);
  while (sockets.size === 0) await Bun.sleep(1);
  await clock.advance(OPEN_MS_MAX);
  // Closing takes some turns of the network.
  while (connection.errors === 0) {
    await Bun.sleep(1);
    await clock.advance(0);
  }
  expect(connection.problem).toMatch(/no answer within (?:30|30\.1|60) s/);
  stop.abort();
  await clock.advance(10_000);
  expect(await using).toBeUndefined();
});
