import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PipelineStatus } from "../../../src/pipeline/view.ts";
import { cpuSecondsOf, memoryOf, pinned } from "./process.ts";

/** How long a service may take to be reached, and to come to an end. */
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 60_000;
const LOOK_EVERY_MS = 10;

/** `aggregator run`, or a server of ours, in the course of a measurement. */
export interface RunningProgram {
  readonly pid: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly usage: () => { readonly cpuSeconds: number; readonly peakMiB: number };
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly cwd: string;
  readonly core?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What it writes to standard error once it can be reached; the first group is its URL. */
  readonly says?: RegExp;
}

/** What `aggregator run` finds in its folder. */
export function configure(folder: string, config: string): void {
  writeFileSync(join(folder, "aggregator.config.ts"), config);
}

/** Starts a server, and returns when it says where it is. @throws It ends before. */
export async function startProgram(
  command: readonly string[],
  options: StartOptions,
): Promise<RunningProgram> {
  const { cwd, core, env = {}, says = /status\s+curl .*?(http:\S+)\/status/ } = options;
  const child = Bun.spawn(pinned(command, core), {
    cwd,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  let said = "";
  const reading = readAll(child.stderr, (text) => {
    said += text;
  });
  const url = await within(START_MS_MAX, () => {
    if (child.exitCode !== null) throw new Error(`${command.at(-1)} ended at its start: ${said}`);
    return says.exec(said)?.[1];
  });
  if (url === undefined) {
    child.kill("SIGKILL");
    throw new Error(`${command.at(-1)} cannot be reached: ${said}`);
  }
  const { pid } = child;
  return {
    pid,
    url,
    usage: () => ({ cpuSeconds: cpuSecondsOf(pid), peakMiB: memoryOf(pid).peakKiB / 2 ** 10 }),
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      const code = await child.exited;
      clearTimeout(timer);
      await reading;
      if (code !== 0 && child.signalCode !== "SIGTERM") {
        throw new Error(`${command.at(-1)} failed at its end (${code}): ${said.slice(-2000)}`);
      }
    },
  };
}

export async function statusOf({ url }: RunningProgram): Promise<PipelineStatus> {
  const answer = await fetch(`${url}/status`);
  return (await answer.json()) as PipelineStatus; // the shape that this route has
}

/** Looks until there is something; undefined when there is nothing in time. */
export async function within<Found>(
  ms: number,
  look: () => Found | undefined | Promise<Found | undefined>,
  everyMs = LOOK_EVERY_MS,
): Promise<Found | undefined> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined || performance.now() > end) return found;
    await Bun.sleep(everyMs);
  }
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  take: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}
