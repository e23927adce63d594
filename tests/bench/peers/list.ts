import { join } from "node:path";
import pkg from "../../../package.json" with { type: "json" };
import { BASELINES } from "../parts/programs.ts";
import { flink } from "./flink.ts";
import { cached, HERE, type Peer, pythonWith, step, THREADS, textOf } from "./peer.ts";
import { telegraf } from "./telegraf.ts";

const ours: Peer = {
  name: "Aggregator",
  configuration: "the executable, `replay`, one thread",
  async install({ executable }) {
    return {
      version: pkg.version,
      command: (input, output) => [executable, "replay", "-i", input, "-o", output],
    };
  },
};

const naive: Peer = {
  name: "naive Bun",
  configuration: "split, `JSON.parse`, a Map by a joined key",
  async install() {
    return {
      version: Bun.version,
      command: (input, output) => [process.execPath, join(BASELINES, "naive.ts"), input, output],
    };
  },
};

const native: Peer = {
  name: "native C",
  configuration: "the same design in C, one thread, `-O3 -march=native`; knows usual lines only",
  async install() {
    const flags = ["-O3", "-march=native", "-D_GNU_SOURCE"];
    const source = join(HERE, "native.c");
    const version = (await step(["cc", "-dumpfullversion"], { cwd: HERE })).trim();
    const folder = await cached("native", [textOf("native.c"), version, ...flags], async (cwd) => {
      await step(["cc", ...flags, "-o", "native", source], { cwd });
    });
    return {
      version: `cc ${version}`,
      command: (input, output) => [join(folder, "native"), input, output],
    };
  },
};

const DUCKDB = "2.0.1";
const duckdb: Peer = {
  name: "DuckDB",
  configuration: `one query over the whole file (batch), ${THREADS} threads`,
  async install() {
    const python = await pythonWith("duckdb", DUCKDB);
    const script = join(HERE, "duckdb_peer.py");
    return {
      version: DUCKDB,
      command: (input, output) => [python, script, input, output, String(THREADS)],
    };
  },
};

const POLARS = "2.1.0";
const polars: Peer = {
  name: "Polars",
  configuration: `one query over the whole file (batch), streaming engine, ${THREADS} threads`,
  async install() {
    const python = await pythonWith("polars", POLARS);
    const script = join(HERE, "polars_peer.py");
    return {
      version: POLARS,
      command: (input, output) => [python, script, input, output],
      env: { POLARS_MAX_THREADS: String(THREADS) },
    };
  },
};

const BYTEWAX = "0.21.1";
const bytewax: Peer = {
  name: "Bytewax",
  configuration: "windows of event time, one worker, no recovery",
  async install() {
    const python = await pythonWith("bytewax", BYTEWAX);
    const script = join(HERE, "bytewax_peer.py");
    return { version: BYTEWAX, command: (input, output) => [python, script, input, output] };
  },
};

/** The first is ours, the second what all are compared with. */
export const peers: readonly Peer[] = [
  ours,
  naive,
  native,
  duckdb,
  polars,
  flink,
  bytewax,
  telegraf,
];
export const BASELINE = naive.name;
