import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PipelineStatus } from "../../../src/pipeline/view.ts";
import { STREAM_START, WINDOW_SECONDS } from "../generate.ts";
import { cpuSecondsOf, memoryOf, pinned, programOf } from "./process.ts";

/** How long a service may take to be reached, and to come to an end. */
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 60_000;
/** How long rows may take after the last event was given. */
const ROWS_MS_MAX = 120_000;
const LOOK_EVERY_MS = 10;

/** `aggregator run`, or a server of ours, in the course of a measurement. */
export interface RunningProgram {
  readonly pid: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly usage: () => Usage;
  stop(): Promise<void>;
}

export interface Usage {
  /** Since it could be reached, and since it was started. */
  readonly cpuSeconds: number;
  readonly cpuSecondsInAll: number;
  readonly nowMiB: number;
  readonly peakMiB: number;
}

export interface StartOptions {
  readonly cwd: string;
  readonly core?: number | undefined;
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
  const { promise: found, resolve: find } = Promise.withResolvers<string | undefined>();
  const reading = readAll(child.stderr, (text) => {
    said += text;
    const url = says.exec(said)?.[1];
    if (url !== undefined) find(url);
  });
  const tooLong = setTimeout(() => find(undefined), START_MS_MAX);
  const url = await Promise.race([found, child.exited.then(() => undefined)]);
  clearTimeout(tooLong);
  if (url === undefined) {
    child.kill("SIGKILL");
    throw new Error(`${programOf(command)} cannot be reached: ${said}`);
  }
  const { pid } = child;
  const cpuAtStart = cpuSecondsOf(pid);
  return {
    pid,
    url,
    usage() {
      const cpuSecondsInAll = cpuSecondsOf(pid);
      const { nowKiB, peakKiB } = memoryOf(pid);
      return {
        cpuSeconds: cpuSecondsInAll - cpuAtStart,
        cpuSecondsInAll,
        nowMiB: nowKiB / 2 ** 10,
        peakMiB: peakKiB / 2 ** 10,
      };
    },
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      const code = await child.exited;
      clearTimeout(timer);
      await reading;
      if (code !== 0 && child.signalCode !== "SIGTERM") {
        throw new Error(`${programOf(command)} failed at its end (${code}): ${said.slice(-2000)}`);
      }
    },
  };
}

export async function statusOf({ url }: RunningProgram): Promise<PipelineStatus> {
  const answer = await fetch(`${url}/status`);
  return (await answer.json()) as PipelineStatus; // the shape that this route has
}

/** An event far behind the stream: every window before it closes. */
export async function closeWindows({ url }: RunningProgram): Promise<void> {
  const answer = await fetch(`${url}/vabus/events`, { method: "POST", body: endOfStream() });
  if (!answer.ok) throw new Error(`The last event was answered ${answer.status}`);
}

/** It closes all windows of a generated stream. */
export function endOfStream(): string {
  const timestamp = STREAM_START + 1_000 * WINDOW_SECONDS;
  return `{"name":"end","value":0,"timestamp":${timestamp},"agg_func":"sum"}\n`;
}

/** Returns when the first sink has so many rows. */
export async function rowsWritten(server: RunningProgram, rows: number): Promise<void> {
  const done = await within(ROWS_MS_MAX, async () => {
    const { sinks } = await statusOf(server);
    return (sinks[0]?.written ?? 0) >= rows ? true : undefined;
  });
  if (done !== undefined) return;
  const { sinks, ledger } = await statusOf(server);
  throw new Error(
    `${sinks[0]?.written} of ${rows} rows came; the ledger: ${JSON.stringify(ledger)}`,
  );
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
