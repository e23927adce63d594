import { X509Certificate } from "node:crypto";
import { loadConfig } from "../config/load.ts";
import { FatalError } from "../core/errors.ts";
import type { StatusSettings } from "../core/settings.ts";
import type { TlsFiles } from "../sources/vabus/tls.ts";
import type { CommandContext } from "./command.ts";
import { type Connection, type ConnectionValues, connectionOf } from "./connection.ts";
import { serviceUrl } from "./service-url.ts";

/** Where a service is asked. */
export interface ServiceAddress extends Connection {
  readonly base: string;
  /** What the service there must be called; undefined: its URL was named, so it is the right one. */
  readonly name: string | undefined;
}

export interface AddressOptions {
  /** The service that was named; undefined: that of the configuration. */
  readonly url: string | undefined;
  readonly config: string | undefined;
  /** How it is reached; absent: as the environment says. */
  readonly connection?: ConnectionValues;
  readonly context: CommandContext;
}

/**
 * Where the service is that a command was told of: by its URL, or by the configuration.
 *
 * @throws {FatalError} The configuration names no port.
 */
export async function addressOf(options: AddressOptions): Promise<ServiceAddress> {
  const { url, config, connection = {}, context } = options;
  const { terminal, env, cwd } = context;
  const given = connectionOf(connection, context);
  if (url !== undefined) return { base: url, ...given, name: undefined };
  const settings = await loadConfig({ path: config, cwd, env });
  terminal.hide(settings.secrets);
  const { name, status } = settings;
  if (status.port === 0) {
    throw new FatalError("The configuration names no port of the service: name its URL");
  }
  const base = serviceUrl(status.host, status.port, status.tls === undefined ? "http" : "https");
  const token = given.token ?? status.token ?? operatorIn(status);
  return { base, tls: ownAuthority(status), ...given, token, name };
}

/** Why a service that calls itself `found` is not the one that is meant; undefined: it is. */
export function strangerAt(
  { base, name }: ServiceAddress,
  found: string | undefined,
): string | undefined {
  if (name === undefined || found === name) return undefined;
  return `At ${base} runs "${found}", not "${name}": name the URL of the right one`;
}

/** Of the further tokens, one that may do whatever is asked for. */
function operatorIn({ tokens = [] }: StatusSettings): string | undefined {
  return tokens.find(({ role }) => role === "operator")?.token;
}

/** A certificate that nobody else signed is known here: it stands in the configuration. */
function ownAuthority({ tls }: StatusSettings): TlsFiles | undefined {
  const cert = tls?.files?.cert;
  if (cert === undefined) return undefined;
  const certificate = new X509Certificate(cert);
  if (!certificate.checkIssued(certificate)) return undefined;
  return { ca: cert, cert: undefined, key: undefined };
}
