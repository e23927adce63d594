import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeWithKafka } from "../services/kafka.ts";
import { describeWithPostgres, runSql } from "../services/postgres.ts";
import {
  byKey,
  compareRows,
  type ExactRow,
  exactStream,
  rowsOfRecords,
} from "../support/exact-stream.ts";
import { type Finished, installExecutable } from "../support/executable.ts";
import { readTopic } from "../support/topic-reading.ts";

// The executable, from a file through the windows into a real store, against the exact answer.

const RUN_MS = 120_000;

async function runOver(lines: readonly string[], env: Record<string, string>): Promise<Finished> {
  await using aggregator = await installExecutable();
  await writeFile(join(aggregator.folder, "events.ndjson"), `${lines.join("\n")}\n`);
  await writeFile(
    join(aggregator.folder, "aggregator.config.ts"),
    `import { defineConfig, file } from "aggregator";
     export default defineConfig({ source: file({ path: "events.ndjson" }) });`,
  );
  return await aggregator.run(["run"], { env: { PORT: "0", ...env } });
}

await describeWithPostgres("aggregator run into PostgreSQL", (server) => {
  test(
    "writes the exact rows",
    async () => {
      const { lines, rows } = exactStream(50_000);
      const url = await server.database();
      const env = { STORAGE_TYPE: "postgres", POSTGRES_CONNECTION_STRING: url };
      const { code, stderr } = await runOver(lines, env);
      expect(stderr).not.toContain("secret");
      expect(code).toBe(0);
      const table = await runSql(
        url,
        `select name, agg_func, extract(epoch from window_start)::float8 as window_start, value, count::int
         from aggregates`,
      );
      compareRows(table.map((row) => ({ ...row }) as unknown as ExactRow).sort(byKey), rows);
      // Again: the same rows are overwritten, none is doubled.
      expect((await runOver(lines, env)).code).toBe(0);
      const [again] = await runSql(url, "select count(*)::int as n from aggregates");
      expect(again?.["n"]).toBe(rows.length);
    },
    RUN_MS,
  );

  test(
    "writes 35,000 rows that close at once",
    async () => {
      const lines = Array.from({ length: 35_000 }, (_, i) => {
        const name = `meter-${String(i).padStart(5, "0")}`;
        return JSON.stringify({
          name,
          value: (i % 1000) + 0.25,
          timestamp: 1_729_863_000 + (i % 60),
        });
      });
      const url = await server.database();
      const { code } = await runOver(lines, {
        STORAGE_TYPE: "postgres",
        POSTGRES_CONNECTION_STRING: url,
      });
      expect(code).toBe(0);
      const [all] = await runSql(
        url,
        "select count(*)::int as n, sum(value) as total from aggregates",
      );
      expect({ ...all }).toEqual({ n: 35_000, total: 17_491_250 });
      const some = await runSql(
        url,
        "select name, value from aggregates where name in ('meter-05461', 'meter-34999') order by name",
      );
      expect(some.map((row) => row["value"])).toEqual([461.25, 999.25]);
    },
    RUN_MS,
  );
});

await describeWithKafka("aggregator run into Kafka", (server) => {
  test(
    "writes the exact rows, each a record",
    async () => {
      const { lines, rows } = exactStream(50_000);
      const topic = server.topic();
      const { code, stderr } = await runOver(lines, {
        STORAGE_TYPE: "kafka",
        KAFKA_BOOTSTRAP_SERVERS: server.brokers,
        KAFKA_TOPIC: topic,
      });
      expect(stderr).not.toContain("ERR");
      expect(code).toBe(0);
      compareRows(rowsOfRecords(await readTopic(server.brokers, topic)), rows);
    },
    RUN_MS,
  );
});
