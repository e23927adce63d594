import { defineSink } from "../core/sink.ts";
import { describePostgres, postgresOptions } from "./sql/postgres-options.ts";

/** A table of a PostgreSQL database. The client is loaded when it is needed: most starts do without. */
export const postgres = defineSink({
  name: "postgres",
  summary: "Upserts window results into a table of a PostgreSQL database.",
  delivery: "transactional",
  options: postgresOptions,
  example: { url: "postgres://aggregator:password@localhost:5432/plant" },
  describe: describePostgres,
  async history(options, query, context) {
    const { postgresHistory } = await import("./sql/postgres-history.ts");
    return await postgresHistory(options, query, context);
  },
  async open(options, context, signal) {
    const { openPostgres } = await import("./sql/postgres-writer.ts");
    return await openPostgres(options, context, signal);
  },
});
