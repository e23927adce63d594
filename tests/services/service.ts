import { describe, test } from "bun:test";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../src/core/errors.ts";

/** A real server of this test run. */
export interface Service {
  /** Where its certificates, data and log are: `ca.crt`, `client.crt`, `client.key`, `log`. */
  readonly folder: string;
  /** Ends it in an orderly way; its data stays for `restart`. */
  stop(): Promise<void>;
  /** `kill -9`; its data stays as it is. */
  kill9(): Promise<void>;
  /** Starts it again, on the same ports and data; first stops it when it runs. */
  restart(): Promise<void>;
}

export interface ServiceOptions {
  /** The command that becomes the server. */
  readonly command: (folder: string) => readonly string[];
  /** Whether it answers. */
  readonly isUp: (folder: string) => Promise<boolean>;
  readonly stopSignal: NodeJS.Signals;
  readonly startMsMax: number;
}

const HERE = import.meta.dir;

/** Where scripts keep the servers that they fetch: ignored by git, kept from run to run. */
export const CACHE = join(HERE, "..", "..", ".cache");

/** A folder for a server. It goes away with this process, whatever ends that, and so does the server. */
export async function serviceFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `aggregator-${name}-`));
  const janitor = Bun.spawn([join(HERE, "janitor.sh"), folder], {
    // Nobody writes into it: it closes when this process ends.
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
  });
  janitor.unref();
  return folder;
}

/** Starts a server in a folder that is ready for it. */
export async function startService(folder: string, options: ServiceOptions): Promise<Service> {
  let server = await launch(folder, options);

  async function end(signal: NodeJS.Signals): Promise<void> {
    server.kill(signal);
    await server.exited;
    await rm(join(folder, "pid"), { force: true });
  }

  return {
    folder,
    stop: () => end(options.stopSignal),
    kill9: () => end("SIGKILL"),
    async restart() {
      await end(options.stopSignal);
      // What a killed server left behind (children, shared memory) takes a moment to go.
      for (let tries = 4; ; tries--) {
        try {
          server = await launch(folder, options);
          return;
        } catch (thrown) {
          if (tries === 0) throw thrown;
          await Bun.sleep(250);
        }
      }
    },
  };
}

async function launch(folder: string, options: ServiceOptions): Promise<Bun.Subprocess> {
  const log = join(folder, "log");
  await writeFile(log, "");
  const fd = openSync(log, "a");
  const [program, ...args] = options.command(folder);
  const server = Bun.spawn([program!, ...args], { stdin: "ignore", stdout: fd, stderr: fd });
  writeFileSync(join(folder, "pid"), String(server.pid));
  closeSync(fd);
  server.unref();
  const end = performance.now() + options.startMsMax;
  while (!(await options.isUp(folder))) {
    if (server.exitCode !== null || performance.now() > end) {
      server.kill("SIGKILL");
      const said = (await readFile(log, "utf8")).slice(-2000);
      throw new Error(`Cannot start a server in ${folder}: it says\n${said}`);
    }
    await Bun.sleep(50);
  }
  return server;
}

/** Runs a script to its end. @throws If it fails, with what it said. */
export async function runScript(script: string, args: readonly string[]): Promise<string> {
  const child = Bun.spawn([join(HERE, script), ...args], { stdout: "pipe", stderr: "pipe" });
  const [said, complained] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${script} failed: ${complained || said}`);
  return said.trim();
}

/**
 * Has a script fetch its server, once.
 *
 * @throws {UnavailableError} It cannot be had: says `needs`, and why.
 */
export async function fetchServer(script: string, needs: string): Promise<void> {
  await runScript(script, ["fetch", CACHE]).catch((thrown: unknown) => {
    throw new UnavailableError(`${needs}: ${messageOf(thrown)}`);
  });
}

/**
 * Fetches and starts the server of `NAME.sh`, which listens to one port.
 *
 * @throws {UnavailableError} It cannot be had.
 */
export async function startFetched(
  name: string,
  options: { readonly needs: string; readonly isUp: (port: number) => Promise<boolean> },
): Promise<Service & { readonly port: number }> {
  const script = `${name}.sh`;
  await fetchServer(script, options.needs);
  const folder = await serviceFolder(name);
  const [port = 0] = await freePorts(1);
  const service = await startService(folder, {
    command: () => [join(HERE, script), "run", CACHE, folder, String(port)],
    isUp: () => options.isUp(port),
    stopSignal: "SIGTERM",
    startMsMax: 30_000,
  });
  return { ...service, port };
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => server.port);
  await Promise.all(servers.map((server) => server.close()));
  return ports;
}

function listen(): Promise<{ port: number; close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      // A TCP server has an address object.
      const port = typeof address === "object" && address !== null ? address.port : 0;
      resolve({
        port,
        close: () => new Promise((closed) => void server.close(() => closed())),
      });
    });
  });
}

/** Whether something listens on a port of loopback. */
export async function answers(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

/** Whether a URL is answered with a status of success. */
export async function answersWell(url: string): Promise<boolean> {
  return (await fetch(url).catch(() => undefined))?.ok === true;
}

/** The server cannot be had on this machine. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/**
 * Groups tests that need a server. Without it: with `CI` set one test fails; elsewhere they are
 * skipped, and the reason is said.
 */
export async function describeWith<Server>(
  name: string,
  use: () => Promise<Server>,
  define: (server: Server) => void,
): Promise<void> {
  try {
    const server = await use();
    describe(name, () => define(server));
  } catch (thrown) {
    if (process.env["CI"] !== undefined || !(thrown instanceof UnavailableError)) {
      test(name, () => {
        throw new Error(messageOf(thrown), { cause: thrown });
      });
      return;
    }
    console.warn(`Skipped "${name}": ${thrown.message}`);
    test.skip(name, () => {});
  }
}
