import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import * as v from "valibot";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import type { SinkWriter } from "../../src/core/sink.ts";
import { postgres } from "../../src/sinks/postgres.ts";
import { definitionOf, progressDefinitionOf } from "../../src/sinks/sql/postgres-table.ts";
import { HOSTILE, type KeptRow, testSink, write } from "../contract/sinks.ts";
import { describeWithPostgres, type PostgresServer, runSql } from "../services/postgres.ts";
import { rejectionOf } from "../support/rejection.ts";
import { rowOf, sinkContext } from "../support/sink-writing.ts";

// Servers that start, stop and are killed on a machine that does other things too.
setDefaultTimeout(60_000);

const forever = new AbortController().signal;
const TABLE = `public.some "table"`;
const QUOTED = `public."some ""table"""`;

await describeWithPostgres("postgres", (server) => {
  testSink("postgres", {
    async prepare() {
      const url = await server.database();
      const options = { url, table: TABLE };
      return {
        open: (context, signal) => postgres.open(options, context, signal),
        readBack: () => readTable(url, QUOTED),
        async refuseSome() {
          await runSql(url, `alter table ${QUOTED} add check (name <> 'refused')`);
          return { name: "refused" };
        },
        async failOnce(attempt) {
          // At the commit only, when all is written and the progress has moved.
          await runSql(
            url,
            `create function fail() returns trigger language plpgsql as
             $$ begin raise 'away' using errcode = '40001'; end $$;
             create constraint trigger fail after insert on ${QUOTED}
             deferrable initially deferred for each row execute function fail()`,
          );
          const failure = await rejectionOf(attempt(forever));
          await runSql(url, `drop function fail cascade`);
          return failure;
        },
        async misshape() {
          await runSql(
            url,
            `create table ${QUOTED} (id uuid primary key, name text, window_start timestamp,
             labels json, mine int not null)`,
          );
          return {
            says: /"pipeline" is missing.*"labels" is json, wanted jsonb.*"window_start" is timestamp without time zone, wanted timestamp with time zone.*"mine"/,
          };
        },
      };
    },
  });

  describe("failures", () => testFailures(server));
  describe("tables", () => testTables(server));
  describe("connections", () => testConnections(server));
});

function testFailures(server: PostgresServer): void {
  let url: string;
  let writers: SinkWriter[] = [];
  beforeEach(async () => {
    url = await server.database();
  });
  afterEach(async () => {
    for (const writer of writers) await writer.close();
    writers = [];
  });

  async function open(): Promise<SinkWriter> {
    const writer = await postgres.open({ url, table: "aggregates" }, sinkContext(), forever);
    writers.push(writer);
    return writer;
  }

  /** Rows called `slow` take a second each, so that a write can be met in its middle. */
  async function slowDown(): Promise<void> {
    await runSql(
      url,
      `create function slow() returns trigger language plpgsql as
       $$ begin if new.name = 'slow' then perform pg_sleep(1); end if; return new; end $$;
       create trigger slow before insert on aggregates for each row execute function slow()`,
    );
  }

  const batch = [rowOf(1), rowOf(2), rowOf(3, { name: "slow" }), rowOf(4), rowOf(5)];

  async function expectWhole(): Promise<void> {
    expect(await write(await open(), batch)).toEqual({ refused: [] });
    const rows = await readTable(url, "aggregates");
    expect(rows.map(({ id }) => id).sort()).toEqual(batch.map(({ id }) => id));
  }

  test("a connection that is ended in the middle of a write passes, and doubles nothing", async () => {
    const writer = await open();
    await slowDown();
    const failure = rejectionOf(write(writer, batch));
    await terminateWriter(url);
    expect(await failure).toBeInstanceOf(TransientError);
    expect(await readTable(url, "aggregates")).toEqual([]);
    await writer.close();
    await expectWhole();
  });

  test("a connection that was ended between two writes costs one failure at most", async () => {
    const writer = await open();
    await write(writer, [rowOf(9)]);
    await terminateWriter(url, "idle");
    await Bun.sleep(50);
    await write(writer, [rowOf(10)]).catch((failure: unknown) =>
      expect(failure).toBeInstanceOf(TransientError),
    );
    await writer.close();
    await write(await open(), [rowOf(10)]);
    expect((await readTable(url, "aggregates")).length).toBe(2);
  });

  test("a server that is killed in the middle of a write passes, and doubles nothing", async () => {
    const writer = await open();
    await slowDown();
    const failure = rejectionOf(write(writer, batch));
    await untilWriting(url);
    await server.kill9();
    expect(await failure).toBeInstanceOf(TransientError);
    expect(await rejectionOf(open())).toBeInstanceOf(TransientError);
    await server.restart();
    expect(await readTable(url, "aggregates")).toEqual([]);
    await writer.close();
    await expectWhole();
  });

  test("a server that is stopped in an orderly way passes", async () => {
    const writer = await open();
    await server.stop();
    expect(await rejectionOf(write(writer, batch))).toBeInstanceOf(TransientError);
    await server.restart();
    await expectWhole();
  });

  test("being stopped ends a write at once, and closing does not wait for it", async () => {
    const writer = await open();
    await slowDown();
    const stop = new AbortController();
    const failure = rejectionOf(writer.write({ rows: batch, through: 0 }, stop.signal));
    await untilWriting(url);
    const start = performance.now();
    stop.abort();
    expect(await failure).toBeInstanceOf(TransientError);
    await writer.close();
    expect(performance.now() - start).toBeLessThan(500);
  });

  test("a table that somebody dropped is made again", async () => {
    const writer = await open();
    await runSql(url, "drop table aggregates");
    expect(await rejectionOf(write(writer, batch))).toBeInstanceOf(TransientError);
    await expectWhole();
  });

  test("a read-only server and one without free connections pass", async () => {
    const name = url.slice(url.lastIndexOf("/") + 1);
    await open();
    await runSql(server.url, `alter database ${name} set default_transaction_read_only = on`);
    const readOnly = await rejectionOf(open());
    expect(readOnly).toBeInstanceOf(TransientError);
    expect(readOnly.message).toContain("read-only");
    await runSql(
      server.url,
      `alter database ${name} reset default_transaction_read_only;
       create role ${name} login password 'p' connection limit 0;
       grant all on database ${name} to ${name}`,
    );
    url = url.replace("tester:secret", `${name}:p`);
    expect((await rejectionOf(open())).message).toContain("too many connections");
    expect(await rejectionOf(open())).toBeInstanceOf(TransientError);
  });

  test("a row that a trigger refuses only at the commit is found too", async () => {
    const writer = await open();
    await runSql(
      url,
      `create function late() returns trigger language plpgsql as
       $$ begin if new.name = 'poison' then raise 'no such meter'; end if; return null; end $$;
       create constraint trigger late after insert on aggregates
       deferrable initially deferred for each row execute function late()`,
    );
    const rows = [rowOf(1), rowOf(2, { name: "poison" }), rowOf(3)];
    expect(await write(writer, rows)).toEqual({
      refused: [{ index: 1, reason: "no such meter (SQLSTATE P0001)" }],
    });
    expect((await readTable(url, "aggregates")).length).toBe(2);
  });

  test("a batch of which every row is refused comes to an end", async () => {
    const writer = await open();
    await runSql(url, "alter table aggregates add check (count > 1000)");
    const rows = Array.from({ length: 500 }, (_, n) => rowOf(n));
    expect((await write(writer, rows)).refused.length).toBe(500);
  });

  test("of a row that stands in the batch twice, the last one is the refused one", async () => {
    const writer = await open();
    await runSql(url, "alter table aggregates add check (value < 5)");
    const rows = [rowOf(1), rowOf(2), rowOf(1, { value: 7, revision: 1 })];
    expect((await write(writer, rows)).refused.map(({ index }) => index)).toEqual([2]);
  });
}

function testTables(server: PostgresServer): void {
  test("are made as documented", async () => {
    const url = await server.database();
    await (await postgres.open({ url, table: "aggregates" }, sinkContext(), forever)).close();
    const columns = await runSql(
      url,
      `select column_name || ' ' || data_type || case is_nullable when 'YES' then '' else ' not null' end as text
       from information_schema.columns where table_name = 'aggregates' order by ordinal_position`,
    );
    expect(columns.map(({ text }) => String(text))).toEqual([
      "id uuid not null",
      "pipeline text not null",
      "rule text not null",
      "name text not null",
      "labels jsonb not null",
      "agg_func text not null",
      "window_start timestamp with time zone not null",
      "window_end timestamp with time zone not null",
      "value double precision",
      "count bigint not null",
      "revision integer not null",
      "generation double precision not null",
      "detail jsonb",
      "partial boolean not null",
      "filled boolean not null",
      "overflow boolean not null",
    ]);
    const documented = await Bun.file(join(import.meta.dir, "../../docs/sinks.md")).text();
    expect(documented).toContain(definitionOf("aggregates"));
    expect(documented).toContain(progressDefinitionOf("aggregates"));
  });

  test("are made once by many who come at the same time", async () => {
    const url = await server.database();
    const options = { url, table: "aggregates" };
    const writers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        postgres.open(options, sinkContext({ sink: `warehouse-${n}` }), forever),
      ),
    );
    await Promise.all(writers.map((writer, n) => write(writer, [rowOf(n)])));
    await Promise.all(writers.map((writer) => writer.close()));
    expect((await readTable(url, "aggregates")).length).toBe(6);
  });

  test("may have any name", async () => {
    const url = await server.database();
    for (const name of HOSTILE) {
      if (name.includes(".") || Buffer.byteLength(name) > 63) continue;
      const writer = await postgres.open({ url, table: name }, sinkContext(), forever);
      await write(writer, [rowOf(1)]);
      await writer.close();
    }
    const schema = postgres.options as unknown as v.GenericSchema;
    const accepts = (table: string): boolean => v.is(schema, { url, table });
    expect(["", ".", "a.", "a.b.c", "é".repeat(32), "a\0"].filter(accepts)).toEqual([]);
    expect(["a.b", "é".repeat(31), 'a"b'].filter((name) => !accepts(name))).toEqual([]);
  });

  test.each([
    ["a schema that is missing", "nowhere.aggregates", "", /create the schema/],
    ["a view", "v", "create view v as select 1 as id", /"pipeline" is missing/],
    [
      "an id that is not unique",
      "t",
      `${definitionOf("t").replace(" primary key", "")}`,
      /must be its primary key, or unique/,
    ],
  ])("refuse %s, with what to do", async (_, table, before, says) => {
    const url = await server.database();
    if (before !== "") await runSql(url, before);
    const failure = await rejectionOf(postgres.open({ url, table }, sinkContext(), forever));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(says);
  });

  test("may have columns, and types, of one's own", async () => {
    const url = await server.database();
    await runSql(
      url,
      `${definitionOf("t").replaceAll(" text", " varchar(600)").replace("integer", "bigint")}
       alter table t add column seen timestamptz not null default now(), add column note text`,
    );
    const writer = await postgres.open({ url, table: "t" }, sinkContext(), forever);
    expect(await write(writer, [rowOf(1)])).toEqual({ refused: [] });
    await writer.close();
  });
}

function testConnections(server: PostgresServer): void {
  const open = (
    url: string,
    options: {
      ssl?: "require" | "verify-full" | "disable";
      ca?: string;
      cert?: string;
      key?: string;
    } = {},
  ): Promise<SinkWriter> =>
    postgres.open({ url, table: "aggregates", ...options }, sinkContext(), forever);

  const fileOf = (name: string): string => join(server.folder, name);

  test.each([
    ["a wrong password", (url: string) => url.replace(":secret", ":wrong"), /password/],
    ["a database that is missing", (url: string) => `${url}_not`, /create the database/],
    ["an unknown user", (url: string) => url.replace("tester", "nobody"), /nobody/],
  ])("%s is for good, and no password is shown", async (_, change, says) => {
    const failure = await rejectionOf(open(change(server.url)));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(says);
    expect(failure.message).not.toMatch(/secret|wrong/);
  });

  test("a role without rights is told at once", async () => {
    const url = await server.database();
    await (await open(url)).close();
    await runSql(url, "drop role if exists reader; create role reader login password 'p'");
    await runSql(url, "grant select on aggregates to reader");
    const failure = await rejectionOf(open(url.replace("tester:secret", "reader:p")));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toContain("permission denied");
  });

  test("a server that is not there passes", async () => {
    const failure = await rejectionOf(open("postgres://tester:secret@127.0.0.1:1/postgres"));
    expect(failure).toBeInstanceOf(TransientError);
    expect(failure.message).toContain("postgres://127.0.0.1:1/postgres table aggregates");
    expect(failure.message).not.toContain("secret");
  });

  test("TLS is checked against our own authority, by name", async () => {
    const url = (await server.database()).replace("127.0.0.1", "localhost");
    await (await open(url, { ca: fileOf("ca.crt") })).close();
    await (await open(url, { ssl: "require" })).close();
    await (await open(`${url}?sslmode=require`)).close();
    const encrypted = await runSql(
      `${url}?sslmode=require`,
      "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
    );
    expect(encrypted).toEqual([{ ssl: true }]);
    for (const options of [
      { ca: fileOf("other-ca.crt") },
      { ssl: "verify-full" },
      { ca: fileOf("missing.crt") },
    ] as const) {
      expect(await rejectionOf(open(url, options))).toBeInstanceOf(FatalError);
    }
  });

  test("a client certificate logs in", async () => {
    const url = await server.database();
    const name = url.slice(url.lastIndexOf("/") + 1);
    await runSql(
      url,
      "drop role if exists by_certificate; create role by_certificate superuser login",
    );
    const ours = `postgres://by_certificate@localhost:${server.port}/${name}`;
    const files = { ca: fileOf("ca.crt"), cert: fileOf("client.crt"), key: fileOf("client.key") };
    await (await open(ours, files)).close();
    expect(await rejectionOf(open(ours, { ca: files.ca }))).toBeInstanceOf(FatalError);
  });

  test("describe() shows neither user nor password", () => {
    const shown = (url: string): string => postgres.describe({ url, table: "s.t" });
    expect(shown("postgres://u:p@db:5432/plant?sslmode=require")).toBe(
      "postgres://db:5432/plant table s.t",
    );
    expect(shown("postgresql://u:p@ss/w@rd@db/plant")).toBe("postgres://db/plant table s.t");
    expect(shown("postgres://db/plant")).toBe("postgres://db/plant table s.t");
  });
}

/** Waits until the writer of a test is in the middle of its statement. */
async function untilWriting(url: string, state = "active"): Promise<void> {
  const query = `select pid from pg_stat_activity where datname = current_database()
    and application_name = 'aggregator plant-7' and state = '${state}' and query <> ''`;
  while ((await runSql(url, query)).length === 0) await Bun.sleep(20);
}

async function terminateWriter(url: string, state = "active"): Promise<void> {
  await untilWriting(url, state);
  await runSql(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'aggregator plant-7'`,
  );
}

async function readTable(url: string, table: string): Promise<KeptRow[]> {
  const rows = await runSql(
    url,
    `select id, pipeline, rule, name, labels::text as labels, agg_func,
       extract(epoch from window_start)::text as window_start,
       extract(epoch from window_end)::text as window_end,
       value, count::text as count, revision, generation, detail::text as detail,
       partial, filled, overflow from ${table}`,
  );
  return rows.map(({ window_start, window_end, count, labels, detail, ...row }) => {
    const { partial, filled, overflow, ...rest } = row;
    // The columns of the table are the fields of the row: that is what these tests are about.
    return {
      ...rest,
      window_start: Number(window_start),
      window_end: Number(window_end),
      count: Number(count),
      labels: JSON.parse(String(labels)),
      ...(detail === null ? {} : { detail: JSON.parse(String(detail)) }),
      ...(partial ? { partial } : {}),
      ...(filled ? { filled } : {}),
      ...(overflow ? { overflow } : {}),
    } as unknown as KeptRow;
  });
}
