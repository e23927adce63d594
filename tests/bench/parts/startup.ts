import { join } from "node:path";
import type { Part } from "../harness/bench.ts";
import { contest, median, ratio, standingOf } from "../harness/contest.ts";
import { configure, type StartOptions, startProgram } from "../harness/service.ts";
import type { Table } from "../harness/table.ts";
import { BARE_SERVER_SAYS, compileBareServer } from "./bare-server.ts";
import { ROOT } from "./programs.ts";

/** Starts are short, and vary: more of them than of what takes seconds. */
const STARTS_A_ROUND = 5;

const CONFIG = `import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";
export default defineConfig({
  rules: { per_minute: { window: tumbling("60s"), aggregate: eventFunction() } },
  sinks: { db: sqlite({ path: "rows.sqlite" }) },
  status: { port: 0 },
});
`;

/** From the command to the first answer that says it is ready. */
export const startup: Part = {
  name: "startup",
  summary: "from the command to ready, against a compiled server that does nothing",
  async run(bench) {
    const bare = await compileBareServer(bench);
    const kept = bench.folder();
    configure(kept, CONFIG);
    const fresh = (): string => {
      const cwd = bench.folder();
      configure(cwd, CONFIG);
      return cwd;
    };
    const run = [bench.executable, "run"];
    const source = [process.execPath, join(ROOT, "src/main.ts"), "run"];
    const empty = (): StartOptions => ({ cwd: bench.folder(), env: { PORT: "0" } });
    const standings = await contest(
      [
        start("bare server", [bare], () => ({ cwd: bench.folder(), says: BARE_SERVER_SAYS })),
        start("configuration file", run, () => ({ cwd: fresh() })),
        start("environment alone", run, empty),
        start("a state is there", run, () => ({ cwd: kept })),
        start("from source", source, () => ({ cwd: fresh() })),
      ],
      { rounds: bench.rounds * STARTS_A_ROUND, say: bench.say },
    );
    const base = standingOf(standings, "bare server");
    const table: Table = {
      title: "Start-up: from the command to the first answer that it is ready",
      columns: [
        { key: "ms", head: "ms", digits: 0 },
        { key: "least", head: "least ms", digits: 0 },
        { key: "cost", head: "to bare server", digits: 2 },
        { key: "cpuMs", head: "CPU ms", digits: 0 },
      ],
      rows: standings.map((standing) => ({
        name: standing.name,
        cells: {
          ms: median(standing, ({ seconds }) => seconds * 1000),
          least: Math.min(...standing.samples.map(({ seconds }) => seconds * 1000)),
          cost: 1 / ratio(standing, base)!, // always measured
          cpuMs: median(standing, ({ cpuSeconds }) => (cpuSeconds ?? 0) * 1000),
        },
        samples: standing.samples,
      })),
    };
    return [table];
  },
};

function start(name: string, command: readonly string[], options: () => StartOptions) {
  return {
    name,
    async run() {
      const where = options();
      const begin = performance.now();
      const program = await startProgram(command, where);
      for (;;) {
        const answer = await fetch(`${program.url}/readyz`);
        await answer.arrayBuffer();
        if (answer.ok) break;
        await Bun.sleep(1);
      }
      const seconds = (performance.now() - begin) / 1000;
      const cpuSeconds = program.usage().cpuSecondsInAll;
      await program.stop();
      return { seconds, cpuSeconds };
    },
  };
}
