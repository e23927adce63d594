import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import { TransientError } from "../../src/core/errors.ts";
import { kafka } from "../../src/sinks/kafka.ts";
import { postgres } from "../../src/sinks/postgres.ts";
import { describeWithKafka, type KafkaServer } from "../services/kafka.ts";
import { describeWithPostgres, type PostgresServer, runSql } from "../services/postgres.ts";
import { type CuttingProxy, startCuttingProxy } from "../support/cutting-proxy.ts";
import { deliver } from "../support/minimal-delivery.ts";
import { rejectionOf } from "../support/rejection.ts";
import { rowOf, sinkContext } from "../support/sink-writing.ts";
import { readTopic } from "../support/topic-reading.ts";

// Servers that start and are killed on a machine that does other things too.
setDefaultTimeout(60_000);

const forever = new AbortController().signal;
const ROWS = Array.from({ length: 40 }, (_, n) => rowOf(n));
const IDS = ROWS.map(({ id }) => id);

let proxy: CuttingProxy | undefined;

await describeWithPostgres("postgres behind a road that breaks", (server) => {
  afterEach(() => proxy?.close());
  testPostgres(server);
});

await describeWithKafka("kafka behind a road that breaks", (server) => {
  afterEach(() => proxy?.close());
  testKafka(server);
});

/** The end of a transaction, as the client writes it. */
function isCommit(request: Buffer): boolean {
  return /\bcommit\b/i.test(request.toString("latin1"));
}

function testPostgres(server: PostgresServer): void {
  async function prepare(): Promise<{ url: string; open(): ReturnType<typeof postgres.open> }> {
    const url = await server.database();
    proxy = await startCuttingProxy(server.port);
    const road = url.replace(`:${server.port}/`, `:${proxy.port}/`);
    const context = sinkContext();
    // Each row that is written leaves a trace, so that a second time shows.
    const open = (): ReturnType<typeof postgres.open> =>
      postgres.open({ url: road, table: "aggregates" }, context, forever);
    await (await open()).close();
    await runSql(
      url,
      `create table writes (id uuid);
       create function trace() returns trigger language plpgsql as
       $$ begin insert into writes values (new.id); return null; end $$;
       create trigger trace after insert or update on aggregates for each row execute function trace()`,
    );
    return { url, open };
  }

  const writesIn = async (url: string): Promise<string[]> =>
    (await runSql(url, "select id from writes order by id")).map(({ id }) => String(id));

  test.each(["before", "after"] as const)(
    "a connection that is cut %s the COMMIT is done",
    async (when) => {
      const { url, open } = await prepare();
      const writer = await open();
      proxy!.cutAt(isCommit, when);
      const batch = { rows: ROWS.slice(0, 3), through: 3 };
      expect(await rejectionOf(writer.write(batch, forever))).toBeInstanceOf(TransientError);
      expect(proxy!.cuts).toBe(1);
      await writer.close();
      const again = await open();
      expect(again.progress).toBe(when === "after" ? 3 : undefined);
      expect(await again.write(batch, forever)).toEqual({ refused: [] });
      await again.close();
      expect(await writesIn(url)).toEqual(IDS.slice(0, 3));
    },
  );

  test("every row is written once, wherever it is cut", async () => {
    const { url, open } = await prepare();
    let commits = 0;
    const opening = async (): ReturnType<typeof open> => {
      const writer = await open();
      proxy!.cutAt(isCommit, commits++ % 2 === 0 ? "after" : "before");
      return writer;
    };
    const { failures } = await deliver(opening, { rows: ROWS, batchRows: 4 });
    expect(failures).toBeGreaterThan(10);
    expect(await writesIn(url)).toEqual(IDS);
  });

  test("rows that were refused are known though nobody heard of them", async () => {
    const { url, open } = await prepare();
    await runSql(url, "alter table aggregates add check (value <> 2)");
    const writer = await open();
    proxy!.cutAt(isCommit, "after");
    const batch = { rows: ROWS.slice(0, 4), through: 4 };
    await rejectionOf(writer.write(batch, forever));
    await writer.close();
    const again = await open();
    expect(again.progress).toBe(4);
    const { refused } = await again.write(batch, forever);
    expect(refused.map(({ index }) => index)).toEqual([2]);
    expect(refused[0]!.reason).toContain("check constraint");
    await again.close();
  });

  test("a server that is killed under load has progress and rows together", async () => {
    const { url, open } = await prepare();
    const rows = Array.from({ length: 3000 }, (_, n) => rowOf(n));
    let restarts = 0;
    const opening = async (): ReturnType<typeof open> => {
      const writer = await open();
      const stored = await runSql(url, "select count(*)::int as n from writes");
      expect(stored[0]!["n"]).toBe(writer.progress ?? 0);
      if (restarts++ < 3) {
        const ms = 20 * restarts;
        void Bun.sleep(ms).then(async () => {
          await server.kill9();
          await server.restart();
        });
      }
      return writer;
    };
    const { failures } = await deliver(opening, { rows, batchRows: 10 });
    expect(failures).toBeGreaterThanOrEqual(3);
    expect(await writesIn(url)).toEqual(rows.map(({ id }) => id));
  });
}

/** EndTxn, in the numbers of the protocol: a length, then the number of the request. */
function isEndOfTransaction(request: Buffer): boolean {
  return request.length > 6 && request.readInt16BE(4) === 26;
}

/** Brokers tell their own address, which is a road around the proxy. */
function redirect(from: number): (bytes: Buffer, to: number) => Buffer {
  const host = Buffer.from("\0\u0009127.0.0.1\0\0", "latin1");
  return (bytes, to) => {
    for (let at = bytes.indexOf(host); at >= 0; at = bytes.indexOf(host, at + 1)) {
      const portAt = at + host.length;
      if (bytes.readUInt16BE(portAt) === from) bytes.writeUInt16BE(to, portAt);
    }
    return bytes;
  };
}

function testKafka(server: KafkaServer): void {
  async function prepare(): Promise<{ topic: string; open(): ReturnType<typeof kafka.open> }> {
    const topic = server.topic();
    const port = Number(server.brokers.split(":")[1]);
    proxy = await startCuttingProxy(port, { answer: redirect(port) });
    const schema = kafka.options as unknown as v.GenericSchema<unknown, never>;
    const options = v.parse(schema, { brokers: `127.0.0.1:${proxy.port}`, topic });
    const context = sinkContext();
    return { topic, open: () => kafka.open(options, context, forever) };
  }

  const idsIn = async (topic: string): Promise<string[]> =>
    (await readTopic(server.brokers, topic)).map(({ key }) => key);

  test.each(["before", "after"] as const)(
    "a connection that is cut %s the transaction has ended",
    async (when) => {
      const { topic, open } = await prepare();
      const writer = await open();
      proxy!.cutAt(isEndOfTransaction, when);
      const batch = { rows: ROWS.slice(0, 3), through: 3 };
      expect(await rejectionOf(writer.write(batch, forever))).toBeInstanceOf(TransientError);
      expect(proxy!.cuts).toBe(1);
      await writer.close();
      const again = await open();
      expect(again.progress).toBe(when === "after" ? 3 : undefined);
      expect(await again.write(batch, forever)).toEqual({ refused: [] });
      await again.close();
      expect(await idsIn(topic)).toEqual(IDS.slice(0, 3));
    },
  );

  test("no record is doubled or lost, wherever it is cut", async () => {
    const { topic, open } = await prepare();
    let commits = 0;
    const opening = async (): ReturnType<typeof open> => {
      const writer = await open();
      proxy!.cutAt(isEndOfTransaction, commits++ % 2 === 0 ? "after" : "before");
      return writer;
    };
    const { failures } = await deliver(opening, { rows: ROWS, batchRows: 10 });
    expect(failures).toBeGreaterThan(3);
    expect(await idsIn(topic)).toEqual(IDS);
  });

  test("a broker that is killed under load has progress and records together", async () => {
    const { topic, open } = await prepare();
    const rows = Array.from({ length: 400 }, (_, n) => rowOf(n));
    let kills = 0;
    let broken = Promise.resolve();
    const opening = async (): ReturnType<typeof open> => {
      await broken;
      const writer = await open();
      if (kills++ < 2) {
        broken = Bun.sleep(150 * kills)
          .then(() => server.kill9())
          .then(() => server.restart());
      }
      return writer;
    };
    const { failures } = await deliver(opening, { rows, batchRows: 5 });
    expect(failures).toBeGreaterThanOrEqual(1);
    expect(await idsIn(topic)).toEqual(rows.map(({ id }) => id));
  });
}
