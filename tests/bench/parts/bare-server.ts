import { join } from "node:path";
import type { Bench } from "../harness/bench.ts";
import { measure } from "../harness/process.ts";
import { BASELINES } from "./programs.ts";

/** Compiles the least that a service can be, as ours is compiled. */
export async function compileBareServer(bench: Bench): Promise<string> {
  bench.say("compiling the bare server");
  const cwd = bench.folder();
  const outfile = join(cwd, "bare-server");
  const source = join(BASELINES, "bare-server.ts");
  const flags = ["--compile", "--minify", "--bytecode", "--format=esm"];
  await measure([process.execPath, "build", ...flags, source, "--outfile", outfile], { cwd });
  return outfile;
}

export const BARE_SERVER_SAYS = /listens at (http:\S+)/;
