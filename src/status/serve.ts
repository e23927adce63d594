import { FatalError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { TlsFiles, TlsSettings } from "../core/settings.ts";
import type { Peer } from "./access/peer.ts";
import {
  type Handler,
  IDLE_TIMEOUT_S,
  type Listener,
  type Listening,
  type ListenOptions,
} from "./listener.ts";
import type { TlsListenOptions } from "./tls-server.ts";

export interface ServeOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Whether the port was asked for: if not, and it is taken, the next free one is used. */
  readonly portAsked: boolean;
  /** With its files; undefined: it serves without TLS. */
  readonly tls?: TlsSettings | undefined;
  readonly logger: Logger;
}

export interface RunningServer {
  /** As one would open it: an address that means every interface is shown as localhost. */
  readonly url: string;
  /** The one in use. */
  readonly port: number;
  /** Where the runtime can stop to listen for a while; undefined: it cannot. */
  readonly listening: Listening | undefined;
  /** From now on new connections see these; undefined: there is no TLS. */
  readonly useCertificate: ((files: TlsFiles) => void) | undefined;
  /** Takes no more requests, and lets those under way finish for a moment. May be called twice. */
  stop(): Promise<void>;
}

/** How many ports are tried after a taken one that nobody asked for. */
const NEXT_PORTS_MAX = 20;

/** No part takes a larger body: each has a limit of its own, and this one guards what has none. */
const BODY_BYTES_MAX = 128 * 1024 * 1024;

/** What a request under way gets before it is cut: long polls end by the abort that they see. */
const STOP_GRACE_MS = 2_000;

/**
 * Serves an application until it is stopped.
 *
 * @throws {FatalError} The port is taken, or the address is not ours.
 */
export async function serve(app: Handler, options: ServeOptions): Promise<RunningServer> {
  const { host, port, portAsked, tls, logger } = options;
  const last = portAsked || port === 0 ? port : Math.min(port + NEXT_PORTS_MAX, 65_535);
  for (let candidate = port; ; candidate++) {
    try {
      const at = { hostname: host.replace(/^\[(.*)\]$/, "$1"), port: candidate };
      const server = tls === undefined ? listen(app, at) : await listenWithTls(app, { ...at, tls });
      if (candidate !== port) {
        logger.warn(`Port ${port} is taken, port ${server.port} is used instead.`, {
          port: server.port,
        });
      }
      return {
        url: `${tls === undefined ? "http" : "https"}://${authority(host)}:${server.port}`,
        port: server.port,
        listening: server.listening,
        useCertificate: server.useCertificate,
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

async function stopWithin(listener: Listener, graceMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, graceMs, "late");
  });
  const outcome = await Promise.race([listener.drain(), grace]);
  clearTimeout(timer);
  if (outcome === "late") await listener.cut();
}

/** Of Bun's own server: what is used here. */
interface BunServer {
  readonly port: number;
  requestIP(request: Request): { readonly address: string } | null;
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
      maxRequestBodySize: number;
      fetch: (request: Request, server: BunServer) => Response | Promise<Response>;
    }): BunServer;
  };
  readonly Deno?: {
    serve(
      options: { hostname: string; port: number; onListen: () => void },
      handler: (
        request: Request,
        info: { readonly remoteAddr: { readonly hostname?: string } },
      ) => Response | Promise<Response>,
    ): {
      readonly addr: { readonly port: number };
      shutdown(): Promise<void>;
    };
  };
}

/** Here Bun and Deno differ: each has a server of its own. */
function listen(app: Handler, { hostname, port }: ListenOptions): Listener {
  const { Bun, Deno } = globalThis as Runtimes; // each runtime has one of them
  if (Deno !== undefined) {
    const cutOff = new AbortController();
    // A server of Deno that shuts down takes no more, and cannot be cut: those under way are answered in
    // their stead. Each has a promise of its own for that: one for all would keep a reaction of every request.
    const answer = async (request: Request, address: string | undefined): Promise<Response> => {
      const cut = Promise.withResolvers<Response>();
      const onCut = (): void => cut.resolve(new Response("Stopping\n", { status: 503 }));
      cutOff.signal.addEventListener("abort", onCut, { once: true });
      try {
        return await Promise.race([app.fetch(request, { address }), cut.promise]);
      } finally {
        cutOff.signal.removeEventListener("abort", onCut);
      }
    };
    const server = Deno.serve({ hostname, port, onListen: () => {} }, (request, { remoteAddr }) =>
      answer(request, remoteAddr.hostname),
    );
    return {
      port: server.addr.port,
      drain: () => server.shutdown(),
      cut: async () => cutOff.abort(),
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
      maxRequestBodySize: BODY_BYTES_MAX,
      fetch: (request, server) => app.fetch(request, new BunPeer(request, server)),
    });
  return new BunListener(serveAt(port), serveAt);
}

/** Asked for its address only where somebody wants to know. */
class BunPeer implements Peer {
  readonly #request: Request;
  readonly #server: BunServer;

  constructor(request: Request, server: BunServer) {
    this.#request = request;
    this.#server = server;
  }

  get address(): string | undefined {
    return this.#server.requestIP(this.#request)?.address;
  }
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

/** Loaded when it is needed: it brings the server of Node with it. */
async function listenWithTls(app: Handler, options: TlsListenOptions): Promise<Listener> {
  const { listenTls } = await import("./tls-server.ts");
  return await listenTls(app, options);
}
