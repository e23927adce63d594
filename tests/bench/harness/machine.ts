import { cpus, loadavg, totalmem } from "node:os";
import pkg from "../../../package.json" with { type: "json" };

/** What figures were taken on, and with; nothing that names the machine. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly bun: string;
  readonly aggregator: string;
  /** The commit, with a plus when the sources differ from it. */
  readonly commit: string;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    bun: Bun.version,
    aggregator: pkg.version,
    commit: commit(),
  };
}

/** Programs that wanted a core, on average over the last minute: more than ours means a busy machine. */
export function load(): number {
  return Math.round(loadavg()[0]! * 100) / 100;
}

function commit(): string {
  const git = (...args: string[]): string => {
    const { stdout, success } = Bun.spawnSync(["git", ...args], { cwd: import.meta.dir });
    return success ? stdout.toString().trim() : "";
  };
  const head = git("rev-parse", "--short", "HEAD");
  return git("status", "--porcelain", "--", "../../../src") === "" ? head : `${head}+`;
}

/** One sentence. */
export function machineText(of: Machine): string {
  const { cpu, cores, memoryGiB, system, bun, aggregator, commit: at } = of;
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Bun ${bun}, Aggregator ${aggregator} (${at}).`;
}
