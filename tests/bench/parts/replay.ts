import { join } from "node:path";
import type { Part } from "../harness/bench.ts";
import { contest } from "../harness/contest.ts";
import { throughputTable } from "../harness/table.ts";
import { naive, ROOT, replayOf } from "./programs.ts";

/** From a file to its rows, the whole process, without any state. */
export const replay: Part = {
  name: "replay",
  summary: "from a file to rows: the sources on Bun and the executable, against the naive program",
  async run(bench) {
    const { events } = bench;
    const input = bench.inputs.of(events);
    const source = [process.execPath, join(ROOT, "src/main.ts")];
    const standings = await contest(
      [
        naive(bench, input),
        replayOf(bench, { name: "from source", input, program: source }),
        replayOf(bench, { name: "executable", input }),
      ],
      bench,
    );
    const mib = (input.bytes / 2 ** 20).toFixed(0);
    const count = events.toLocaleString("en-US");
    return [
      throughputTable({
        title: `From a file to rows: ${count} events, ${mib} MiB, whole process`,
        standings,
        events,
        baseline: "naive",
      }),
    ];
  },
};
