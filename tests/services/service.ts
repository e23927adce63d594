import { describe, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../src/core/errors.ts";

/** A real server of this test run. */
export interface Service {
  /** Where its certificates, data and log are: `ca.crt`, `client.crt`, `client.key`, `log`. */
  readonly folder: string;
  /** The process id of the server. */
  pid(): Promise<number>;
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

/** A folder for a server, which its tether removes when the test run ends. */
export function serviceFolder(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `aggregator-${name}-`));
}

/** Starts a server whose folder is ready. It ends with this process, whatever ends that. */
export async function startService(folder: string, options: ServiceOptions): Promise<Service> {
  let tether = await launch(folder, options);
  const service: Service = {
    folder,
    pid: async () => Number(await readFile(join(folder, "pid"), "utf8")),
    async stop() {
      if (tether.exitCode !== null) return;
      process.kill(await service.pid(), options.stopSignal);
      await tether.exited;
    },
    async kill9() {
      if (tether.exitCode !== null) return;
      process.kill(await service.pid(), "SIGKILL");
      await tether.exited;
    },
    async restart() {
      await service.stop();
      // What a killed server left behind (children, shared memory) takes a moment to go.
      for (let tries = 4; ; tries--) {
        try {
          tether = await launch(folder, options);
          return;
        } catch (thrown) {
          if (tries === 0) throw thrown;
          await Bun.sleep(250);
        }
      }
    },
  };
  return service;
}

type Tether = Bun.Subprocess<"pipe", "ignore", "inherit">;

async function launch(folder: string, options: ServiceOptions): Promise<Tether> {
  await rm(join(folder, "log"), { force: true });
  const tether = Bun.spawn([join(HERE, "tether.sh"), folder, ...options.command(folder)], {
    // Nobody writes into it: it closes when this process ends.
    stdin: "pipe",
    stdout: "ignore",
    stderr: "inherit",
  });
  tether.unref();
  const end = performance.now() + options.startMsMax;
  while (!(await options.isUp(folder))) {
    if (tether.exitCode !== null || performance.now() > end) {
      const log = await readFile(join(folder, "log"), "utf8").catch(() => "");
      tether.kill();
      throw new Error(`Cannot start a server in ${folder}: it says\n${log.slice(-2000)}`);
    }
    await Bun.sleep(50);
  }
  return tether;
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
