import type { TlsFiles } from "../core/settings.ts";
import type { Peer } from "./access/peer.ts";

/** Anything that answers requests: a Hono application is such. */
export interface Handler {
  fetch(request: Request, peer: Peer): Response | Promise<Response>;
}

/** What every kind of server gives. */
export interface Listener {
  readonly port: number;
  readonly listening?: Listening;
  /** From now on new connections see these. Only with TLS. */
  readonly useCertificate?: (files: TlsFiles) => void;
  /** Resolves when the last request has ended. */
  drain(): Promise<void>;
  /** Cuts what is under way. */
  cut(): Promise<void>;
}

export interface Listening {
  /** Refuses new connections and closes those without a request; the others go on. */
  pause(): void;
  /** Takes connections again. False: the port is taken by now, or no file can be opened. */
  resume(): boolean;
}

export interface ListenOptions {
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** Twice what the longest poll of our own bus is silent; the usual ten seconds would cut it. */
export const IDLE_TIMEOUT_S = 120;
