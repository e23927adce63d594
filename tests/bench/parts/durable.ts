import { join } from "node:path";
import { useKafka } from "../../services/kafka.ts";
import { usePostgres } from "../../services/postgres.ts";
import { UnavailableError } from "../../services/service.ts";
import type { AnswerRow } from "../harness/answer.ts";
import type { Bench, Part } from "../harness/bench.ts";
import { type Contestant, contest, standingOf } from "../harness/contest.ts";
import { rowsIn } from "../harness/inputs.ts";
import { measure } from "../harness/process.ts";
import { configure } from "../harness/service.ts";
import { postgresRows, sqliteRows, topicRows } from "../harness/stores.ts";
import { pairColumns, pairRow, type TableRow } from "../harness/table.ts";

/** Somewhere that rows go. */
interface Store {
  readonly name: string;
  /** A place that is empty: a call of the configuration, and how to read what came there. */
  place(cwd: string): {
    readonly sink: string;
    readonly rows: () => AnswerRow[] | Promise<AnswerRow[]>;
  };
}

/** What state costs: `run` with checkpoints, outbox and sink, beside the same without any of it. */
export const durable: Part = {
  name: "durable",
  summary: "run with state on disk into every store, against the same without state",
  async run(bench) {
    const rows: TableRow[] = [];
    const remarks = [
      "Ours: aggregator run over a file; without: aggregator replay --to the same sink.",
      "CPU and memory are those of the program, not of the store.",
    ];
    for (const open of [openStdout, openSqlite, openPostgres, openKafka]) {
      try {
        rows.push(await row(bench, await open(bench)));
      } catch (thrown) {
        if (!(thrown instanceof UnavailableError)) throw thrown;
        remarks.push(`Skipped: ${thrown.message}`);
      }
    }
    return [
      {
        title: "Durable state: from a file into a store, whole process",
        remarks,
        columns: pairColumns("without state"),
        rows,
      },
    ];
  },
};

async function row(bench: Bench, store: Store): Promise<TableRow> {
  const { rounds } = bench;
  const say = (text: string): void => bench.say(`${store.name}, ${text}`);
  const standings = await contest(
    [
      contestant("without", {
        bench,
        store,
        command: (path) => ["replay", "-i", path, "--to", "out"],
      }),
      contestant("ours", { bench, store, command: () => ["run"] }),
    ],
    { rounds, say },
  );
  const [base, ours] = [standingOf(standings, "without"), standingOf(standings, "ours")];
  return pairRow(store.name, { ours, base, events: bench.events });
}

function contestant(
  name: string,
  of: {
    readonly bench: Bench;
    readonly store: Store;
    readonly command: (input: string) => readonly string[];
  },
): Contestant {
  const { bench, store, command } = of;
  const input = bench.inputs.of(bench.events);
  return {
    name,
    async run() {
      const cwd = bench.folder();
      const { sink, rows } = store.place(cwd);
      configure(cwd, configOf(input.path, sink));
      const stdout = join(cwd, "rows.ndjson");
      const sample = await measure([bench.executable, ...command(input.path)], { cwd, stdout });
      input.answer.check(await rows());
      return sample;
    },
  };
}

async function openStdout(): Promise<Store> {
  return {
    name: "stdout",
    place: (cwd) => ({ sink: "stdout()", rows: () => rowsIn(join(cwd, "rows.ndjson")) }),
  };
}

async function openSqlite(): Promise<Store> {
  return {
    name: "sqlite",
    place: (cwd) => ({
      sink: `sqlite({ path: "rows.sqlite" })`,
      rows: () => sqliteRows(join(cwd, "rows.sqlite")),
    }),
  };
}

async function openPostgres({ say }: Bench): Promise<Store> {
  say("starting PostgreSQL");
  const { url } = await usePostgres();
  let tables = 0;
  return {
    name: "postgres",
    place() {
      const table = `bench_${tables++}`;
      return {
        sink: `postgres(${JSON.stringify({ url, table })})`,
        rows: () => postgresRows(url, table),
      };
    },
  };
}

async function openKafka({ say }: Bench): Promise<Store> {
  say("starting a broker");
  const server = await useKafka();
  return {
    name: "kafka",
    place() {
      const topic = server.topic();
      return {
        sink: `kafka(${JSON.stringify({ brokers: server.brokers, topic })})`,
        rows: () => topicRows(server.brokers, topic),
      };
    },
  };
}

function configOf(path: string, sink: string): string {
  return `import { defineConfig, file, kafka, postgres, sqlite, stdout } from "aggregator";
export default defineConfig({
  source: file({ path: ${JSON.stringify(path)} }),
  sinks: { out: ${sink} },
  status: { port: 0 },
});
`;
}
