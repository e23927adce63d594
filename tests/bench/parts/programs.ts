import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Bench } from "../harness/bench.ts";
import type { Contestant } from "../harness/contest.ts";
import { type Input, rowsIn } from "../harness/inputs.ts";
import { measure, type RunOptions } from "../harness/process.ts";

export const ROOT = resolve(import.meta.dir, "../../..");
export const BASELINES = join(ROOT, "tests/bench/baselines");

/** The naive program over the same file, with its answer checked. */
export function naive(bench: Bench, input: Input): Contestant {
  const folder = bench.folder();
  const output = join(folder, "rows.ndjson");
  return {
    name: "naive",
    async run() {
      rmSync(output, { force: true });
      const command = [process.execPath, join(BASELINES, "naive.ts"), input.path, output];
      const sample = await measure(command, { cwd: folder });
      input.answer.check(await rowsIn(output));
      return sample;
    },
  };
}

/** `aggregator replay`, of the executable unless it says otherwise, with its answer checked. */
export function replayOf(
  bench: Bench,
  options: {
    readonly name: string;
    readonly input: Input;
    /** As `--input` has it; the file when left out. */
    readonly from?: string;
    readonly run?: Partial<RunOptions>;
    readonly program?: readonly string[];
  },
): Contestant {
  const { name, input, from = input.path, run = {}, program = [bench.executable] } = options;
  const folder = bench.folder();
  const output = join(folder, "rows.ndjson");
  return {
    name,
    async run() {
      rmSync(output, { force: true });
      const command = [...program, "replay", "--input", from, "--output", output];
      const sample = await measure(command, { cwd: folder, ...run });
      input.answer.check(await rowsIn(output));
      return sample;
    },
  };
}
