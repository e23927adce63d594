import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** What the executable is made of; whatever else changes leaves it as it is. */
const INPUTS = [
  "src",
  "aggregator.config.ts",
  "package.json",
  "bun.lock",
  "tsconfig.json",
  ".patches",
];

export interface Finished {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** On top of nothing: the environment of the tests is not handed down. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
}

/** The executable, running. */
export interface Running {
  readonly pid: number;
  /** What it wrote so far. */
  readonly written: { readonly stdout: string; readonly stderr: string };
  /** Resolves with the first match in what it writes, also in what it wrote before. Rejects when it ends. */
  waitFor(pattern: RegExp, output?: "stdout" | "stderr"): Promise<RegExpExecArray>;
  /** Writes to its standard input; null ends it. */
  feed(bytes: string | Uint8Array | null): void;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
  /** Resolves when it has ended by itself. */
  readonly finished: Promise<Finished>;
}

/** The executable, alone in an empty folder with nothing of this repository near it. */
export interface Installed {
  /** The folder, which is also the working directory. */
  readonly folder: string;
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  spawn(args: readonly string[], options?: RunOptions): Running;
  /** Stops what still runs and removes the folder. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Builds the executable when its sources changed since it was built, and copies it into a folder of its
 * own. The first call of a run may take some seconds.
 *
 * @example
 * ```ts
 * await using aggregator = await installExecutable();
 * const { code, stdout } = await aggregator.run(["--version"]);
 * ```
 */
export async function installExecutable(): Promise<Installed> {
  const built = await (building ??= build());
  const folder = await mkdtemp(join(tmpdir(), "aggregator-executable-"));
  const executable = join(folder, "aggregator");
  await copyFile(built, executable);
  const running = new Set<Running>();
  const start = (args: readonly string[], options: RunOptions = {}): Running => {
    const process = launch([executable, ...args], { folder, ...options });
    running.add(process);
    return process;
  };
  return {
    folder,
    spawn: start,
    run(args, options) {
      const process = start(args, options);
      process.feed(options?.stdin ?? "");
      process.feed(null);
      return process.finished;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((process) => process.stop("SIGKILL")));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let building: Promise<string> | undefined;

/** @returns The path of an executable that was built from the sources as they are. */
async function build(): Promise<string> {
  const target = join(root, ".cache", `aggregator-${await hashOfInputs()}`);
  if (existsSync(target)) return target;
  const builder = launch([process.execPath, "run", "build"], { folder: root, env: inherited() });
  const { code, stderr } = await builder.finished;
  if (code !== 0) throw new Error(`Cannot build the executable:\n${stderr}`);
  await mkdir(join(root, ".cache"), { recursive: true });
  for (const name of await readdir(join(root, ".cache"))) {
    if (name.startsWith("aggregator-")) await rm(join(root, ".cache", name), { force: true });
  }
  // By way of a second name, so that a copy that was interrupted is never taken for a whole one.
  await copyFile(join(root, "dist", "aggregator"), `${target}.part`);
  await rename(`${target}.part`, target);
  return target;
}

async function hashOfInputs(): Promise<string> {
  const hash = createHash("sha256").update(Bun.version);
  for (const input of INPUTS) {
    for (const path of await filesBelow(input)) {
      hash.update(`${path}\0`).update(await readFile(join(root, path)));
    }
  }
  return hash.digest("hex").slice(0, 32);
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return existsSync(join(root, path)) ? [path] : [];
  const below = await Promise.all(entries.map((entry) => filesBelow(join(path, entry.name))));
  return below.flat().sort();
}

function launch(
  [program, ...args]: readonly [string, ...string[]],
  { folder, env = {} }: RunOptions & { readonly folder: string },
): Running {
  const child = spawn(program, args, { cwd: folder, env: { ...env } });
  const written = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
      for (const look of waiting) look();
    });
  }
  // It may end before it has read all: the write that fails then is no failure of the test.
  child.stdin.on("error", () => {});
  let hasEnded = false;
  const finished = once(child, "close").then(([code]): Finished => {
    hasEnded = true;
    for (const look of waiting) look();
    return { code: code as number | null, ...written };
  });
  return {
    pid: child.pid ?? -1,
    written,
    finished,
    waitFor(pattern, output = "stderr") {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(written[output]);
          if (match === null && !hasEnded) return;
          waiting.delete(look);
          if (match !== null) resolve(match);
          else reject(new Error(`Ended without ${pattern} on ${output}:\n${written.stderr}`));
        };
        waiting.add(look);
        look();
      });
    },
    feed(bytes) {
      if (bytes === null) child.stdin.end();
      else child.stdin.write(bytes);
    },
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return finished;
    },
  };
}

/** The build needs to find its tools; it is the only one that sees this environment. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}
