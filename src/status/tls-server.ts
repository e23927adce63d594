import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { getRequestListener } from "@hono/node-server";
import {
  BODY_MS_MAX,
  HANDSHAKE_MS_MAX,
  HEAD_BYTES_MAX,
  HEAD_MS_MAX,
  TLS_CONNECTIONS_MAX,
} from "../core/limits.ts";
import type { TlsFiles, TlsSettings } from "../core/settings.ts";
import type { Peer, PeerCertificate } from "./access/peer.ts";
import { type Handler, IDLE_TIMEOUT_S, type Listener, type ListenOptions } from "./listener.ts";

export interface TlsListenOptions extends ListenOptions {
  /** With its files. */
  readonly tls: TlsSettings;
  /** Smaller ones, for tests. */
  readonly bounds?: Partial<TlsBounds>;
}

/** What a client may take of us. */
export interface TlsBounds {
  readonly connectionsMax: number;
  readonly handshakeMs: number;
  readonly headMs: number;
  readonly bodyMs: number;
}

const BOUNDS: TlsBounds = {
  connectionsMax: TLS_CONNECTIONS_MAX,
  handshakeMs: HANDSHAKE_MS_MAX,
  headMs: HEAD_MS_MAX,
  bodyMs: BODY_MS_MAX,
};

/** As a bound: not one. For 0 there would be none. */
const NO_CONNECTIONS = -1;

const BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";

/**
 * A server with TLS. The servers of Bun and Deno show nobody the certificate of a client and cannot
 * change their own, so that here the one of Node is used, which both have.
 *
 * @throws The port is taken, or the address is not ours.
 */
export async function listenTls(app: Handler, options: TlsListenOptions): Promise<Listener> {
  const { hostname, port, tls } = options;
  const bounds = { ...BOUNDS, ...options.bounds };
  const deadlines = new Deadlines();
  const answer = getRequestListener(
    (request, env) => app.fetch(request, peerOf((env as { incoming: IncomingMessage }).incoming)),
    { overrideGlobalObjects: false },
  );
  /** With a request under way. */
  const busy = new Set<object>();
  const http = createHttpServer({ maxHeaderSize: HEAD_BYTES_MAX }, (request, response) => {
    const { socket } = request;
    busy.add(socket);
    // An answer may take its time, a stream has no end: a body alone is waited for.
    if (hasBody(request)) {
      deadlines.set(socket, bounds.bodyMs);
      request.once("end", () => deadlines.clear(socket));
    } else deadlines.clear(socket);
    response.once("close", () => {
      busy.delete(socket);
      deadlines.set(socket, IDLE_TIMEOUT_S * 1_000);
    });
    void answer(request, response);
  });
  http.on("clientError", (_, socket) => {
    if (socket.writable) socket.end(BAD_REQUEST);
    else socket.destroy();
  });
  const sockets = new Set<TLSSocket>();
  const server = createTlsServer(
    {
      ...certificatesOf(filesOf(tls)),
      ...clientsOf(tls),
      minVersion: "TLSv1.2",
      handshakeTimeout: bounds.handshakeMs,
      ALPNProtocols: ["http/1.1"],
    },
    (socket) => {
      socket.on("error", () => socket.destroy());
      if (sockets.size >= bounds.connectionsMax) return void socket.destroy();
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        busy.delete(socket);
        deadlines.clear(socket);
      });
      deadlines.set(socket, bounds.headMs);
      http.emit("connection", socket);
    },
  );
  server.maxConnections = bounds.connectionsMax;
  server.on("tlsClientError", (_, socket) => socket.destroy());
  server.listen(port, hostname);
  // Rejects with the error that comes in its stead.
  await once(server, "listening");
  const address = server.address() as { readonly port: number }; // it listens on a port
  const cutIdle = (): void => {
    for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
  };
  return {
    port: address.port,
    useCertificate: (files) =>
      server.setSecureContext({ ...certificatesOf(files), minVersion: "TLSv1.2" }),
    listening: {
      // It listens on, and closes what comes at once: what listens anew might find its port taken.
      pause() {
        server.maxConnections = NO_CONNECTIONS;
        cutIdle();
      },
      resume() {
        server.maxConnections = bounds.connectionsMax;
        return true;
      },
    },
    async drain() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cutIdle();
      await closed;
    },
    async cut() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

function filesOf({ files }: TlsSettings): TlsFiles {
  if (files === undefined) throw new Error("the files of status.tls were not read");
  return files;
}

function certificatesOf({ cert, key, clientCa }: TlsFiles): TlsOptions {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

function clientsOf({ clientCa, clientCertificates }: TlsSettings): TlsOptions {
  if (clientCa === undefined) return {};
  return { requestCert: true, rejectUnauthorized: clientCertificates === "required" };
}

function peerOf({ socket }: IncomingMessage): Peer {
  // It came through our own server.
  const secure = socket as TLSSocket;
  return {
    address: secure.remoteAddress,
    isSecure: true,
    certificate: secure.authorized ? certificateOf(secure) : undefined,
  };
}

function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate();
  // A client without one gives an empty object.
  if (certificate?.fingerprint256 === undefined) return undefined;
  const { CN } = certificate.subject;
  return {
    name: [CN].flat()[0],
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/** Cuts connections that let us wait: what Node has for this, Bun does not do. */
class Deadlines {
  readonly #timers = new Map<object, ReturnType<typeof setTimeout>>();

  set(socket: IncomingMessage["socket"], ms: number): void {
    this.clear(socket);
    if (!socket.destroyed)
      this.#timers.set(
        socket,
        setTimeout(() => socket.destroy(), ms),
      );
  }

  clear(socket: object): void {
    clearTimeout(this.#timers.get(socket));
    this.#timers.delete(socket);
  }
}
