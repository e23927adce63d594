import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as v from "valibot";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import type { SinkWriter } from "../../src/core/sink.ts";
import { sqlite } from "../../src/sinks/sqlite.ts";
import { type KeptRow, testSink, write } from "../contract/sinks.ts";
import { rejectionOf } from "../support/rejection.ts";
import { rowOf, sinkContext } from "../support/sink-writing.ts";

const forever = new AbortController().signal;
const WRITER = join(import.meta.dir, "..", "support", "sqlite-writer.ts");

testSink("sqlite", {
  async prepare() {
    const folder = await mkdtemp(join(tmpdir(), "aggregator-sqlite-"));
    const path = join(folder, "made", "results.sqlite");
    const options = { path, table: 'some "table"' };
    return {
      open: (context, signal) => sqlite.open(options, context, signal),
      readBack: async () => readTable(path, '"some ""table"""'),
      async refuseSome() {
        change(
          path,
          `create trigger t before insert on "some ""table""" when new.name = 'refused' begin
           select raise(abort, 'no such meter'); end`,
        );
        return { name: "refused" };
      },
      async misshape() {
        options.path = join(folder, "other.sqlite");
        change(
          options.path,
          `create table "some ""table""" (id text, name text, labels text, window_start text,
           mine text not null)`,
        );
        return {
          says: /some "table".*"pipeline" is missing.*"window_start" is TEXT, wanted REAL.*"mine"/,
        };
      },
      async failOnce(attempt) {
        const other = new DatabaseSync(path);
        other.exec("begin immediate");
        const failure = await rejectionOf(attempt(forever));
        other.exec("rollback");
        other.close();
        return failure;
      },
      cleanup: () => rm(folder, { recursive: true }),
    };
  },
});

describe("sqlite", () => {
  let folder: string;
  let path: string;
  let writer: SinkWriter | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "aggregator-sqlite-"));
    path = join(folder, "results.sqlite");
  });
  afterEach(async () => {
    await writer?.close();
    writer = undefined;
    await rm(folder, { recursive: true });
  });

  async function open(): Promise<SinkWriter> {
    writer = await sqlite.open({ path, table: "aggregates" }, sinkContext(), forever);
    return writer;
  }

  test("writes rows that another connection sees at once", async () => {
    await write(await open(), [rowOf(1, { window_start: -0.5 })]);
    const reader = new DatabaseSync(path);
    expect({ ...reader.prepare("select window_start, partial from aggregates").get() }).toEqual({
      window_start: -0.5,
      partial: 0,
    });
    reader.close();
  });

  test("takes a locked file for a failure that passes, and loses nothing", async () => {
    await write(await open(), [rowOf(1)]);
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    expect(await rejectionOf(write(writer!, [rowOf(2)]))).toBeInstanceOf(TransientError);
    other.exec("rollback");
    other.close();
    await write(writer!, [rowOf(2)]);
    expect(readTable(path, "aggregates").length).toBe(2);
  });

  test("takes a disk without room for a failure that passes, and keeps the batch whole", async () => {
    await write(await open(), [rowOf(1)]);
    await writer!.close();
    // A limit of 128 KiB a file stands for the disk; the signal that comes with it is ignored.
    const child = Bun.spawn(
      ["bash", "-c", `ulimit -f 128; trap '' XFSZ; exec "$0" "$@"`, process.execPath, WRITER, path],
      { stdout: "pipe", stderr: "inherit" },
    );
    expect(await new Response(child.stdout).text()).toStartWith("TransientError");
    expect(readTable(path, "aggregates").length).toBe(1);
    await write(await open(), [rowOf(2)]);
    expect(readTable(path, "aggregates").length).toBe(2);
  });

  test("makes a table again that somebody dropped", async () => {
    await write(await open(), [rowOf(1)]);
    change(path, "drop table aggregates");
    expect(await rejectionOf(write(writer!, [rowOf(2)]))).toBeInstanceOf(TransientError);
    await writer!.close();
    await write(await open(), [rowOf(2)]);
    expect(readTable(path, "aggregates").length).toBe(1);
  });

  test("notices that its file was replaced, since those writes would be lost", async () => {
    await write(await open(), [rowOf(1)]);
    await rename(path, `${path}.old`);
    expect(await rejectionOf(write(writer!, [rowOf(2)]))).toBeInstanceOf(TransientError);
    await writer!.close();
    await write(await open(), [rowOf(2)]);
    expect(readTable(path, "aggregates").map(({ id }) => id)).toEqual([rowOf(2).id]);
  });

  test("leaves out a row whose trigger undoes the whole transaction", async () => {
    await open();
    change(
      path,
      `create trigger t before insert on aggregates when new.name = 'poison' begin
       select raise(rollback, 'poison'); end`,
    );
    const { refused } = await write(writer!, [
      rowOf(1),
      rowOf(2, { name: "poison" }),
      rowOf(3),
      rowOf(4, { name: "poison" }),
    ]);
    expect(refused).toEqual([
      { index: 1, reason: "poison" },
      { index: 3, reason: "poison" },
    ]);
    expect(readTable(path, "aggregates").length).toBe(2);
  });

  test("refuses a file that is no database, and a folder", async () => {
    await writeFile(path, "These are not the bytes of a database, but there are enough of them.");
    const noDatabase = await rejectionOf(open());
    expect(noDatabase).toBeInstanceOf(FatalError);
    expect(noDatabase.message).toContain("not a SQLite database");
    path = folder;
    expect(await rejectionOf(open())).toBeInstanceOf(FatalError);
  });

  test("refuses a table whose id is not unique", async () => {
    await open();
    await writer!.close();
    change(path, "create table keyless as select * from aggregates");
    const failure = await rejectionOf(
      sqlite.open({ path, table: "keyless" }, sinkContext(), forever),
    );
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(/"id" is (neither|)/);
  });

  test("takes a table with columns of one's own", async () => {
    await open();
    change(
      path,
      "alter table aggregates add column note text; alter table aggregates add column seen integer not null default 0",
    );
    await writer!.close();
    await write(await open(), [rowOf(1)]);
    expect(readTable(path, "aggregates").length).toBe(1);
  });

  test("refuses names of tables that SQL could not hold", () => {
    const accepts = (table: string): boolean =>
      v.is(sqlite.options as v.GenericSchema, { path, table });
    expect(["", "a.b", "x".repeat(64), "nul\0"].filter(accepts)).toEqual([]);
    expect(accepts('any "other" näme')).toBe(true);
  });
});

function change(path: string, statements: string): void {
  const database = new DatabaseSync(path);
  database.exec(statements);
  database.close();
}

function readTable(path: string, table: string): KeptRow[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare(`select * from ${table}`).all();
  database.close();
  return rows.map((row) => {
    const { detail, partial, filled, overflow, labels, ...rest } = row;
    // The columns of the table are the fields of the row: that is what these tests are about.
    return {
      ...rest,
      labels: JSON.parse(String(labels)),
      ...(detail === null ? {} : { detail: JSON.parse(String(detail)) }),
      ...(partial === 0 ? {} : { partial: true }),
      ...(filled === 0 ? {} : { filled: true }),
      ...(overflow === 0 ? {} : { overflow: true }),
    } as unknown as KeptRow;
  });
}
