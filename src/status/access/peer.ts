import type { Context } from "hono";

/** Who is at the other end of a connection, as the server sees it. */
export interface Peer {
  /** IP address; undefined: not known. */
  readonly address?: string | undefined;
  readonly isSecure?: boolean;
  /** A certificate that the authority of the settings signed. */
  readonly certificate?: PeerCertificate | undefined;
}

export interface PeerCertificate {
  /** CN of its subject; undefined: it has none. */
  readonly name: string | undefined;
  /** SHA-256 in lower-case hexadecimal, without colons. */
  readonly fingerprint: string;
}

/** What the server handed over with a request. */
export function peerOf(c: Context): Peer {
  // The application gets it as its environment; a request of a test has none.
  return (c.env ?? {}) as Peer;
}

/**
 * What of an address is one client: of IPv6 the network, since whoever has one address of it has them all.
 */
export function clientOf({ address = "unknown" }: Peer): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("%")[0]!.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
