import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installExecutable } from "../../support/executable.ts";
import { Inputs } from "./inputs.ts";
import { openProgress } from "./progress.ts";
import type { Table } from "./table.ts";

/** What the parts of one run share. */
export interface Bench {
  readonly events: number;
  readonly rounds: number;
  /** Generated files. */
  readonly inputs: Inputs;
  /** The executable, built from the sources as they are. */
  readonly executable: string;
  /** A new empty folder; it goes away with the run. */
  folder(): string;
  /** Tells a person what goes on. */
  readonly say: (text: string) => void;
}

/** One part of the benchmark: `bun run bench NAME`. */
export interface Part {
  readonly name: string;
  readonly summary: string;
  /** Throws {@link UnavailableError} when something that it needs cannot be had here. */
  run(bench: Bench): Promise<readonly Table[]>;
}

/** Builds the executable and gives a place to work in, for as long as `work` takes. */
export async function withBench<Result>(
  { events, rounds }: { readonly events: number; readonly rounds: number },
  work: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  const progress = openProgress(process.stderr);
  const say = (text: string): void => progress.say(text);
  const root = mkdtempSync(join(tmpdir(), "aggregator-bench-"));
  try {
    say("building the executable");
    await using installed = await installExecutable();
    return await work({
      events,
      rounds,
      inputs: new Inputs(root, say),
      executable: join(installed.folder, "aggregator"),
      folder: () => mkdtempSync(join(root, "run-")),
      say,
    });
  } finally {
    progress.clear();
    rmSync(root, { recursive: true, force: true });
  }
}
