import type { Part } from "../harness/bench.ts";
import { contest } from "../harness/contest.ts";
import { throughputTable } from "../harness/table.ts";
import { naive, replayOf } from "./programs.ts";

/** The same through standard input: a file given as it, and a pipe. */
export const stdin: Part = {
  name: "stdin",
  summary: "from standard input to rows, against the same file",
  async run(bench) {
    const { events } = bench;
    const input = bench.inputs.of(events);
    const standings = await contest(
      [
        naive(bench, input),
        replayOf(bench, { name: "file", input }),
        replayOf(bench, { name: "stdin", input, from: "-", run: { stdin: input.path } }),
      ],
      bench,
    );
    return [
      throughputTable({
        title: "From standard input to rows, whole process",
        standings,
        events,
        baseline: "file",
      }),
    ];
  },
};
