import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, homedir } from "node:os";
import { join } from "node:path";
import { UnavailableError } from "../../services/service.ts";

/** Another program that does the same work over the same file. */
export interface Peer {
  readonly name: string;
  /** How it is run: what a reader must know to judge the figure. */
  readonly configuration: string;
  /** Why it runs only when it is named. */
  readonly optional?: string;
  /** Installs it, once. @throws {UnavailableError} It cannot be had here. */
  install(kit: Kit): Promise<InstalledPeer>;
}

export interface InstalledPeer {
  readonly version: string;
  /** Reads the file `input` and writes rows as NDJSON to the file `output`. */
  command(input: string, output: string): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What installing needs. */
export interface Kit {
  /** Our own executable. */
  readonly executable: string;
  readonly say: (text: string) => void;
}

export const HERE = import.meta.dir;
export const THREADS = Math.min(2, cpus().length);

/** Building one from its sources may take this long. */
const INSTALL_MS_MAX = 30 * 60_000;

/** Outside the repository: what is installed is kept from run to run. */
function cacheFolder(): string {
  const caches = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(caches, "aggregator-bench");
}

/**
 * A folder of the cache that `fill` has filled whole. What is in `inputs` is part of its name, so that
 * another version, or another source, gets a folder of its own.
 */
export async function cached(
  name: string,
  inputs: readonly string[],
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 12);
  const folder = join(cacheFolder(), `${name}-${hash}`);
  const whole = join(folder, "installed");
  if (existsSync(whole)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await fill(folder);
  writeFileSync(whole, "");
  return folder;
}

/** Runs one step of an installation. @throws {UnavailableError} It fails, or there is no such program. */
export async function step(
  command: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  const [program, ...args] = command;
  if (Bun.which(program!) === null) throw new UnavailableError(`there is no ${program} here`);
  const child = Bun.spawn([program!, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: INSTALL_MS_MAX,
  });
  const [said, complained] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) {
    const last = (complained || said).trim().split("\n").at(-1);
    throw new UnavailableError(`${program} failed: ${last}`);
  }
  return said.trim();
}

/** A package of PyPI in an environment of its own. @returns The Python of that. */
export async function pythonWith(name: string, version: string): Promise<string> {
  const folder = await cached(name, [version], async (cwd) => {
    await step(["python3", "-m", "venv", "venv"], { cwd });
    const install = ["install", "--quiet", "--only-binary", ":all:", `${name}==${version}`];
    await step([join(cwd, "venv/bin/python"), "-m", "pip", ...install], { cwd });
  });
  return join(folder, "venv/bin/python");
}

export function textOf(file: string): string {
  return readFileSync(join(HERE, file), "utf8");
}
