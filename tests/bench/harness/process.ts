import { readdirSync, readFileSync } from "node:fs";
import type { Sample } from "./contest.ts";

/** The kernel keeps the peak, so that looking seldom misses only the last moment. */
const PEAK_EVERY_MS = 20;

/** No program of a benchmark takes longer, unless it hangs. */
const RUN_MS_MAX = 15 * 60_000;

/** The kernel's unit of CPU time in `/proc/PID/stat`, as Linux has had it for ever: 1/100 s. */
const TICKS_PER_SECOND = 100;

export interface RunOptions {
  readonly cwd: string;
  readonly stdin?: string;
  /** File that standard output goes to; nowhere when left out. */
  readonly stdout?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** CPU that it is held to, where the system can do that. */
  readonly core?: number | undefined;
}

/** Runs a program to its end, and measures the whole process. @throws It fails, with what it said. */
export async function measure(command: readonly string[], options: RunOptions): Promise<Sample> {
  const { cwd, stdin, stdout, env, core } = options;
  const start = performance.now();
  const child = Bun.spawn(pinned(command, core), {
    cwd,
    env: { ...process.env, ...env },
    stdin: stdin === undefined ? "ignore" : Bun.file(stdin),
    stdout: stdout === undefined ? "ignore" : Bun.file(stdout),
    stderr: "pipe",
    timeout: RUN_MS_MAX,
  });
  let peakKiB = 0;
  const watching = setInterval(() => {
    peakKiB = Math.max(peakKiB, memoryOf(child.pid).peakKiB);
  }, PEAK_EVERY_MS);
  const said = await new Response(child.stderr).text();
  const code = await child.exited;
  const seconds = (performance.now() - start) / 1000;
  clearInterval(watching);
  if (code !== 0) {
    throw new Error(
      `${programOf(command)} failed (${child.signalCode ?? code}): ${said.slice(-2000)}`,
    );
  }
  // It has ended, so that its usage is known.
  const cpuSeconds = Number(child.resourceUsage()!.cpuTime.total) / 1e6;
  return { seconds, cpuSeconds, peakMiB: peakKiB === 0 ? undefined : peakKiB / 2 ** 10 };
}

/** Runs a program that writes one JSON object to standard output. @throws It fails. */
export async function runForJson<Result>(
  command: readonly string[],
  { cwd, core, env }: Pick<RunOptions, "cwd" | "core" | "env">,
): Promise<Result> {
  const child = Bun.spawn(pinned(command, core), {
    cwd,
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
    timeout: RUN_MS_MAX,
  });
  const [written, said] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) {
    throw new Error(`${programOf(command)} failed: ${said.slice(-2000)}`);
  }
  return JSON.parse(written) as Result; // its own form
}

/** As a person knows it: without the folders. */
export function programOf(command: readonly string[]): string {
  return command.map((part) => part.split("/").at(-1)).join(" ");
}

/** The same command held to one CPU, where `taskset` is there. */
export function pinned(command: readonly string[], core: number | undefined): string[] {
  if (core === undefined || !canPin) return [...command];
  return ["taskset", "-c", String(core), ...command];
}

export const canPin = Bun.which("taskset") !== null;

/** Memory of a process, as the kernel of Linux tells it; 0 where it does not. */
export function memoryOf(pid: number): { readonly nowKiB: number; readonly peakKiB: number } {
  const status = read(`/proc/${pid}/status`);
  const field = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return { nowKiB: field("VmRSS"), peakKiB: field("VmHWM") };
}

/** CPU seconds that a process has used so far, with all its threads; to 1/100 s. */
export function cpuSecondsOf(pid: number): number {
  // The name of the program stands in brackets and may hold anything.
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** Files, sockets and whatever else a process holds open. */
export function handlesOf(pid: number): number {
  return list(`/proc/${pid}/fd`).length;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended, or this is no Linux
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
