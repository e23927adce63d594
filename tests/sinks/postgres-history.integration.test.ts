import { describe, expect, setDefaultTimeout, test } from "bun:test";
import connect from "postgres";
import { TransientError } from "../../src/core/errors.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { postgres } from "../../src/sinks/postgres.ts";
import { HISTORY_QUERY, historyRow, testHistory } from "../contract/history.ts";
import { describeWithPostgres, type PostgresServer } from "../services/postgres.ts";
import { rejectionOf } from "../support/rejection.ts";
import { sinkContext } from "../support/sink-writing.ts";

// Servers that start and stop on a machine that does other things too.
setDefaultTimeout(60_000);

const { signal } = new AbortController();
const TABLE = `public.some "table"`;

async function prepare(server: PostgresServer) {
  const options = { url: await server.database(), table: TABLE };
  return {
    options,
    async write(rows: readonly ReturnType<typeof historyRow>[]) {
      const writer = await postgres.open(options, sinkContext(), signal);
      expect(await writer.write({ rows, through: rows.length }, signal)).toEqual({ refused: [] });
      await writer.close();
    },
    read: (query: typeof HISTORY_QUERY) =>
      postgres.history!(options, query, { clock: realClock, signal }),
  };
}

await describeWithPostgres("history of postgres", (server) => {
  testHistory(() => prepare(server));

  describe("limits", () => {
    test("does not wait for a locked table longer than it may", async () => {
      const { options, write, read } = await prepare(server);
      await write([historyRow(0)]);
      const client = connect(options.url, { max: 1, fetch_types: false, onnotice() {} });
      const unlock = Promise.withResolvers<void>();
      const locked = Promise.withResolvers<void>();
      const holding = client.begin(async (transaction) => {
        await transaction.unsafe(`lock table public."some ""table""" in access exclusive mode`);
        locked.resolve();
        await unlock.promise;
      });
      await locked.promise;
      expect(await rejectionOf(read(HISTORY_QUERY))).toBeInstanceOf(TransientError);
      unlock.resolve();
      await holding;
      await client.end();
      expect((await read(HISTORY_QUERY)).points).toHaveLength(1);
    });

    test("a server that is not there is away", async () => {
      const options = { url: "postgres://a@127.0.0.1:9/b", table: "x" };
      const reading = postgres.history!(options, HISTORY_QUERY, { clock: realClock, signal });
      expect(await rejectionOf(reading)).toBeInstanceOf(TransientError);
    });
  });
});
