import type { Part } from "../harness/bench.ts";
import { configure, type RunningProgram, startProgram, statusOf } from "../harness/service.ts";
import type { Table } from "../harness/table.ts";
import { BARE_SERVER_SAYS, compileBareServer } from "./bare-server.ts";

const SETTLE_MS = 3_000;
/** Long enough for a window of a minute to fire. */
const MEASURE_MS = 65_000;
const EVENT_EVERY_MS = 100;

const CONFIG = `import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";
export default defineConfig({
  rules: { per_minute: { window: tumbling("60s"), aggregate: eventFunction() } },
  sinks: { db: sqlite({ path: "rows.sqlite" }) },
  status: { port: 0 },
});
`;

/** What a service costs that has nothing to do. All of them at the same time: they hardly run. */
export const idle: Part = {
  name: "idle",
  summary: "CPU of a service without events and with ten a second, against a bare server; a minute",
  async run(bench) {
    const bare = await compileBareServer(bench);
    const start = async (): Promise<RunningProgram> => {
      const cwd = bench.folder();
      configure(cwd, CONFIG);
      return await startProgram([bench.executable, "run"], { cwd });
    };
    const programs = new Map([
      ["bare server", await startProgram([bare], { cwd: bench.folder(), says: BARE_SERVER_SAYS })],
      ["no events", await start()],
      ["10 events a second", await start()],
    ]);
    const busy = programs.get("10 events a second")!; // just put there
    let sent = 0;
    const sending = setInterval(() => {
      const timestamp = Date.now() / 1000;
      const body = JSON.stringify({ name: "idle", value: 1, timestamp, agg_func: "sum" });
      sent++;
      void fetch(`${busy.url}/vabus/events`, { method: "POST", body }).catch(() => {}); // the ledger tells
    }, EVENT_EVERY_MS);
    try {
      bench.say(`measuring for ${MEASURE_MS / 1000} s`);
      await Bun.sleep(SETTLE_MS);
      const before = [...programs.values()].map((program) => program.usage().cpuSeconds);
      const begin = performance.now();
      await Bun.sleep(MEASURE_MS);
      const seconds = (performance.now() - begin) / 1000;
      const rows = [...programs].map(([name, program], i) => {
        const { cpuSeconds, nowMiB } = program.usage();
        return { name, cells: { cpu: ((cpuSeconds - before[i]!) / seconds) * 100, nowMiB } };
      });
      clearInterval(sending);
      await checkAll(busy, sent);
      return [tableOf(rows)];
    } finally {
      clearInterval(sending);
      await Promise.all([...programs.values()].map((program) => program.stop()));
    }
  },
};

async function checkAll(program: RunningProgram, sent: number): Promise<void> {
  await Bun.sleep(1_000);
  const { ledger } = await statusOf(program);
  if (ledger.balanced && ledger.received === sent) return;
  throw new Error(`${sent} events were sent; the ledger: ${JSON.stringify(ledger)}`);
}

function tableOf(rows: Table["rows"]): Table {
  return {
    title: "Idle: windows of 60 s",
    columns: [
      { key: "cpu", head: "% of a core", digits: 2 },
      { key: "nowMiB", head: "MiB", digits: 0 },
    ],
    rows,
  };
}
