import { FatalError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";

export interface ServeOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Whether the port was asked for: if not, and it is taken, the next free one is used. */
  readonly portAsked: boolean;
  readonly logger: Logger;
}

/** Anything that answers requests: a Hono application is such. */
export interface Handler {
  fetch(request: Request): Response | Promise<Response>;
}

export interface RunningServer {
  /** As one would open it: an address that means every interface is shown as localhost. */
  readonly url: string;
  /** The one in use. */
  readonly port: number;
  /** Where the runtime can stop to listen for a while; undefined: it cannot. */
  readonly listening: Listening | undefined;
  /** Takes no more requests, and lets those under way finish for a moment. May be called twice. */
  stop(): Promise<void>;
}

export interface Listening {
  /** Refuses new connections and closes those without a request; the others go on. */
  pause(): void;
  /** Takes connections again. False: the port is taken by now, or no file can be opened. */
  resume(): boolean;
}

/** How many ports are tried after a taken one that nobody asked for. */
const NEXT_PORTS_MAX = 20;

/** Twice what the longest poll of our own bus is silent; the usual ten seconds would cut it. */
const IDLE_TIMEOUT_S = 120;

/** What a request under way gets before it is cut: long polls end by the abort that they see. */
const STOP_GRACE_MS = 2_000;

/**
 * Serves an application until it is stopped.
 *
 * @throws {FatalError} The port is taken, or the address is not ours.
 */
export async function serve(app: Handler, options: ServeOptions): Promise<RunningServer> {
  const { host, port, portAsked, logger } = options;
  const last = portAsked || port === 0 ? port : Math.min(port + NEXT_PORTS_MAX, 65_535);
  for (let candidate = port; ; candidate++) {
    try {
      const server = listen(app, { host, port: candidate });
      if (candidate !== port) {
        logger.warn(`Port ${port} is taken, port ${server.port} is used instead.`, {
          port: server.port,
        });
      }
      return {
        url: `http://${authority(host)}:${server.port}`,
        port: server.port,
        listening: server.listening,
        stop: once(() => stopWithin(server, STOP_GRACE_MS)),
      };
    } catch (thrown) {
      if (!isTaken(thrown)) {
        const place = `${bracketed(host)}:${candidate}`;
        throw new FatalError(
          `Cannot listen on ${place}: ${messageOf(thrown)}; see status.host and status.port, or HOST and PORT`,
          { cause: thrown },
        );
      }
      if (candidate >= last) throw new FatalError(takenMessage(options, last), { cause: thrown });
    }
  }
}

function takenMessage({ host, port }: ServeOptions, last: number): string {
  const ports = last === port ? `port ${port} is` : `ports ${port} to ${last} are`;
  return `Cannot listen on ${bracketed(host)}: ${ports} taken; choose another by status.port or PORT`;
}

function isTaken(thrown: unknown): boolean {
  if (typeof thrown !== "object" || thrown === null) return false;
  const { code, name } = thrown as { code?: unknown; name?: unknown }; // Bun has a code, Deno a class
  return code === "EADDRINUSE" || name === "AddrInUse";
}

/** A host as it stands in a URL. */
function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

function authority(host: string): string {
  return host === "0.0.0.0" || host === "::" || host === "[::]" ? "localhost" : bracketed(host);
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= action());
}

/** What both runtimes give. */
interface Listener {
  readonly port: number;
  readonly listening?: Listening;
  /** Resolves when the last request has ended. */
  drain(): Promise<void>;
  /** Cuts what is under way. */
  cut(): Promise<void>;
}

async function stopWithin(listener: Listener, graceMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, graceMs, "late");
  });
  const outcome = await Promise.race([listener.drain(), grace]);
  clearTimeout(timer);
  if (outcome === "late") await listener.cut();
}

interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** Of Bun's own server: what is used here. */
interface BunServer {
  readonly port: number;
  stop(closeConnections?: boolean): Promise<void>;
}

interface Runtimes {
  readonly Bun?: {
    serve(options: {
      hostname: string;
      port: number;
      /** Seconds of silence after which a connection is cut. */
      idleTimeout: number;
      /** False: a failure is no page full of source code. */
      development: boolean;
      /** False: outside of development Bun shares a taken port with whoever has it. */
      reusePort: boolean;
      fetch: (request: Request) => Response | Promise<Response>;
    }): BunServer;
  };
  readonly Deno?: {
    serve(
      options: { hostname: string; port: number; onListen: () => void },
      handler: (request: Request) => Response | Promise<Response>,
    ): {
      readonly addr: { readonly port: number };
      shutdown(): Promise<void>;
    };
  };
}

/** Here Bun and Deno differ: each has a server of its own. */
function listen(app: Handler, { host, port }: ListenOptions): Listener {
  const hostname = host.replace(/^\[(.*)\]$/, "$1");
  const { Bun, Deno } = globalThis as Runtimes; // each runtime has one of them
  const fetch = (request: Request): Response | Promise<Response> => app.fetch(request);
  if (Deno !== undefined) {
    let cutOff = (): void => {};
    const isCut = new Promise<Response>((resolve) => {
      cutOff = () => resolve(new Response("Stopping\n", { status: 503 }));
    });
    // A server of Deno that shuts down cannot be cut: those under way are answered in their stead.
    const handler = (request: Request): Promise<Response> => Promise.race([fetch(request), isCut]);
    const server = Deno.serve({ hostname, port, onListen: () => {} }, handler);
    return {
      port: server.addr.port,
      drain: () => server.shutdown(),
      cut: async () => cutOff(),
    };
  }
  if (Bun === undefined) throw new Error("neither Bun nor Deno runs this");
  const serveAt = (at: number): BunServer =>
    Bun.serve({
      hostname,
      port: at,
      idleTimeout: IDLE_TIMEOUT_S,
      development: false,
      reusePort: false,
      fetch,
    });
  return new BunListener(serveAt(port), serveAt);
}

/** A server of Bun, which has to be made anew to listen again. */
class BunListener implements Listener {
  readonly port: number;
  readonly listening: Listening;
  #server: BunServer | undefined;
  /** Paused, with requests under way. */
  readonly #ending = new Map<BunServer, Promise<void>>();

  constructor(server: BunServer, serveAt: (port: number) => BunServer) {
    this.#server = server;
    this.port = server.port;
    this.listening = {
      pause: () => this.#end(),
      resume: () => {
        try {
          this.#server ??= serveAt(this.port);
          return true;
        } catch {
          return false;
        }
      },
    };
  }

  async drain(): Promise<void> {
    this.#end();
    await Promise.all(this.#ending.values());
  }

  async cut(): Promise<void> {
    await Promise.all([...this.#ending.keys()].map((server) => server.stop(true)));
  }

  #end(): void {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const ended = server.stop().finally(() => this.#ending.delete(server));
    this.#ending.set(server, ended);
  }
}
