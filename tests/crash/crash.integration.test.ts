import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeWithKafka } from "../services/kafka.ts";
import { describeWithPostgres, runSql } from "../services/postgres.ts";
import { isFull } from "../support/effort.ts";
import {
  byKey,
  compareRows,
  type ExactRow,
  exactStream,
  rowsOfRecords,
} from "../support/exact-stream.ts";
import { type Installed, installExecutable } from "../support/executable.ts";
import { configure, getJson, rowsIn } from "../support/service.ts";
import { readTopic } from "../support/topic-reading.ts";
import { runWithCrashes } from "./crashes.ts";

// The executable, killed again and again, against the exact answer: final rows as if nothing had happened.

setDefaultTimeout(300_000);

const KILLS = isFull ? 13 : 5;
const EVENTS = isFull ? 600_000 : 60_000;

const { lines, rows } = exactStream(EVENTS);

interface LedgerAnswer {
  readonly received: number;
  readonly balanced: boolean;
}

/** Out of order by 4.5 s at most; quiet only while it is dead. */
const TIME = '{ outOfOrderness: "5s", idleTimeout: "2s" }';

async function configureFor(aggregator: Installed, source: string, time = TIME): Promise<void> {
  await configure(
    aggregator,
    `import { defineConfig, embedded, file, vabus } from "aggregator";
     export default defineConfig({
       source: ${source},
       time: ${time},
       state: { checkpointEvery: "50ms" },
     });`,
  );
}

const sqliteEnv = { STORAGE_TYPE: "sqlite", PORT: "0" };

function sqliteRows(aggregator: Installed): ExactRow[] {
  const path = join(aggregator.folder, "aggregates.sqlite");
  return rowsIn<ExactRow>(path, "name, agg_func, window_start, value, count").sort(byKey);
}

function ledgerOf(url: string): Promise<LedgerAnswer> {
  return getJson(`${url}/ledger`);
}

/** All events are in, every window that holds any has fired, and the rows are delivered. */
async function isDone(url: string): Promise<boolean> {
  const ledger = await ledgerOf(url);
  expect(ledger.balanced).toBe(true);
  if (ledger.received < EVENTS) return false;
  const status = await getJson<{
    rules: { windows_open: number }[];
    sinks: { outbox: number }[];
  }>(`${url}/status`);
  const isOpen = status.rules.some(({ windows_open }) => windows_open > 0);
  return !isOpen && status.sinks.every(({ outbox }) => outbox === 0);
}

test("kill -9 over a file into SQLite", async () => {
  await using aggregator = await installExecutable();
  await writeFile(join(aggregator.folder, "events.ndjson"), `${lines.join("\n")}\n`);
  await configureFor(aggregator, 'file({ path: "events.ndjson" })');
  const { killed } = await runWithCrashes(aggregator, {
    env: sqliteEnv,
    kills: KILLS,
    lifeMsMax: 200,
    seed: 1,
    isDone,
  });
  expect(killed).toBeGreaterThan(0);
  compareRows(sqliteRows(aggregator), rows);
});

test("kill -9 over the embedded bus into SQLite, producers trying again", async () => {
  await using aggregator = await installExecutable();
  await configureFor(aggregator, "embedded()");
  // An answer may be lost with the service: the id tells an event that is sent again.
  const events = lines.map((line, i) => JSON.stringify({ ...JSON.parse(line), id: i }));
  let sent = 0;
  let feeding: string | undefined;
  const feed = async (url: string): Promise<void> => {
    feeding = url;
    while (sent < events.length && feeding === url) {
      const part = events.slice(sent, sent + 500);
      const answer = await fetch(`${url}/vabus/events`, { method: "POST", body: part.join("\n") });
      if (answer.status !== 202) return;
      sent += part.length;
    }
  };
  let duplicates = 0;
  await runWithCrashes(aggregator, {
    env: sqliteEnv,
    kills: KILLS,
    lifeMsMax: 400,
    seed: 2,
    onUp: (url) => void feed(url).catch(() => {}),
    isDone: async (url) => {
      if (sent < events.length) return false;
      const ledger = (await ledgerOf(url)) as LedgerAnswer & { duplicate: number };
      duplicates = ledger.duplicate;
      return ledger.received - ledger.duplicate >= EVENTS && (await isDone(url));
    },
  });
  expect(duplicates).toBeLessThan(500 * KILLS);
  compareRows(sqliteRows(aggregator), rows);
});

test("kill -9 over VaBus by cursor into SQLite", async () => {
  await using bus = await installExecutable();
  const serving = bus.spawn(["bus", "--port", "0", "--dir", "bus"]);
  const [, url] = await serving.waitFor(/(http:\S+)/);
  for (let i = 0; i < lines.length; i += 5_000) {
    const answer = await fetch(`${url}/events`, {
      method: "POST",
      body: lines.slice(i, i + 5_000).join("\n"),
    });
    expect(answer.status).toBe(202);
  }
  await using aggregator = await installExecutable();
  await configureFor(aggregator, `vabus({ url: "${url}", limit: 1000 })`);
  await runWithCrashes(aggregator, {
    env: sqliteEnv,
    kills: KILLS,
    lifeMsMax: 250,
    seed: 3,
    isDone,
  });
  compareRows(sqliteRows(aggregator), rows);
});

test("kill -9 over VaBus, one by one: no more is lost than was on its way", async () => {
  const handed = 400;
  await using bus = await installExecutable();
  const serving = bus.spawn(["bus", "--port", "0", "--dir", "bus"]);
  const [, url] = await serving.waitFor(/(http:\S+)/);
  const body = lines.slice(0, handed).join("\n");
  expect((await fetch(`${url}/events`, { method: "POST", body })).status).toBe(202);
  await using aggregator = await installExecutable();
  await configureFor(aggregator, `vabus({ url: "${url}", mode: "pop" })`);
  const { killed } = await runWithCrashes(aggregator, {
    // Short windows: the last one closes at the pace of the clock.
    env: { ...sqliteEnv, AGGREGATION_INTERVAL: "2" },
    kills: KILLS,
    lifeMsMax: 600,
    seed: 6,
    isDone: async (service) => {
      const ledger = await ledgerOf(service);
      if (ledger.received < handed - KILLS) return false;
      const left = await fetch(`${url}/event?wait=0`);
      expect(left.status).toBe(204);
      const { windows } = await getJson<{ windows: object[] }>(`${service}/windows`);
      return windows.length === 0;
    },
  });
  expect(killed).toBeGreaterThan(0);
  const counted = sqliteRows(aggregator).reduce((sum, { count }) => sum + count, 0);
  expect(counted).toBeLessThanOrEqual(handed);
  // One request is under way at a time, so each kill loses one event at the most.
  expect(counted).toBeGreaterThanOrEqual(handed - killed);
});

await describeWithPostgres("kill -9 into PostgreSQL", (server) => {
  test("leaves every row once, and right", async () => {
    await using aggregator = await installExecutable();
    await writeFile(join(aggregator.folder, "events.ndjson"), `${lines.join("\n")}\n`);
    await configureFor(aggregator, 'file({ path: "events.ndjson" })');
    const database = await server.database();
    await runWithCrashes(aggregator, {
      env: { STORAGE_TYPE: "postgres", POSTGRES_CONNECTION_STRING: database, PORT: "0" },
      kills: KILLS,
      lifeMsMax: 300,
      seed: 4,
      isDone,
    });
    const table = await runSql(
      database,
      `select name, agg_func, extract(epoch from window_start)::float8 as window_start, value, count::int
       from aggregates`,
    );
    // The columns are those of the row, by the query.
    compareRows(table.map((row) => ({ ...row }) as unknown as ExactRow).sort(byKey), rows);
  });
});

await describeWithPostgres("PostgreSQL killed under load", (server) => {
  test("comes back to every row once, and right", async () => {
    await using aggregator = await installExecutable();
    await configureFor(aggregator, "embedded()", NEVER_IDLE);
    const database = await server.database();
    const env = { STORAGE_TYPE: "postgres", POSTGRES_CONNECTION_STRING: database, PORT: "0" };
    await runWithCrashes(aggregator, {
      env,
      kills: 0,
      lifeMsMax: 0,
      seed: 7,
      onUp: (url) => void publishAll(url, () => server.kill9().then(() => server.restart())),
      isDone: isDelivered,
    });
    const table = await runSql(
      database,
      `select name, agg_func, extract(epoch from window_start)::float8 as window_start, value, count::int
       from aggregates`,
    );
    // The columns are those of the row, by the query.
    compareRows(table.map((row) => ({ ...row }) as unknown as ExactRow).sort(byKey), rows);
  });
});

/** The producer waits while a store is away: that must not pass for a quiet stream. */
const NEVER_IDLE = '{ outOfOrderness: "5s", idleTimeout: "off" }';

/** Publishes all events, and at each quarter of them has something happen meanwhile. The last closes all. */
async function publishAll(url: string, meanwhile: () => Promise<unknown>): Promise<void> {
  const part = 1_000;
  for (let sent = 0; sent < lines.length; sent += part) {
    const body = lines.slice(sent, sent + part).join("\n");
    const answer = await fetch(`${url}/vabus/events`, { method: "POST", body });
    expect(answer.status).toBe(202);
    if (sent % (EVENTS / 4) === 0 && sent > 0) await meanwhile();
  }
  const end = JSON.stringify({ name: "end", value: 0, timestamp: 1_700_100_000 });
  expect((await fetch(`${url}/vabus/events`, { method: "POST", body: end })).status).toBe(202);
}

/** Every row is delivered; the window of the last event stays open. */
async function isDelivered(url: string): Promise<boolean> {
  const status = await getJson<{
    sinks: { outbox: number; written: number }[];
  }>(`${url}/status`);
  return status.sinks.every(({ outbox, written }) => outbox === 0 && written === rows.length);
}

await describeWithKafka("Kafka killed under load", (server) => {
  test("comes back to every row once, and right", async () => {
    await using aggregator = await installExecutable();
    await configureFor(aggregator, "embedded()", NEVER_IDLE);
    const topic = server.topic();
    await runWithCrashes(aggregator, {
      env: {
        STORAGE_TYPE: "kafka",
        KAFKA_BOOTSTRAP_SERVERS: server.brokers,
        KAFKA_TOPIC: topic,
        PORT: "0",
      },
      kills: 0,
      lifeMsMax: 0,
      seed: 8,
      onUp: (url) => void publishAll(url, () => server.kill9().then(() => server.restart())),
      isDone: isDelivered,
    });
    compareRows(rowsOfRecords(await readTopic(server.brokers, topic)), rows);
  });
});

await describeWithKafka("kill -9 into Kafka", (server) => {
  test("leaves every row once, as a reader of committed records sees it", async () => {
    await using aggregator = await installExecutable();
    await writeFile(join(aggregator.folder, "events.ndjson"), `${lines.join("\n")}\n`);
    await configureFor(aggregator, 'file({ path: "events.ndjson" })');
    const topic = server.topic();
    await runWithCrashes(aggregator, {
      env: {
        STORAGE_TYPE: "kafka",
        KAFKA_BOOTSTRAP_SERVERS: server.brokers,
        KAFKA_TOPIC: topic,
        PORT: "0",
      },
      kills: KILLS,
      lifeMsMax: 600,
      seed: 5,
      isDone,
    });
    // Not only the last record of each key: exactly one record of each.
    compareRows(rowsOfRecords(await readTopic(server.brokers, topic)), rows);
  });
});
