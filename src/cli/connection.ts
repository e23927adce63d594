import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { TlsFiles } from "../sources/vabus/tls.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./exit.ts";

/** How a service is reached: arguments of every command that asks one. */
export const connectionArgs = {
  token: {
    type: "string",
    valueHint: "token",
    description: "Token of the service. AGGREGATOR_TOKEN keeps it out of the list of processes",
  },
  ca: {
    type: "string",
    valueHint: "file",
    description: "https: the authority that signed its certificate, where the system knows it not",
  },
  cert: {
    type: "string",
    valueHint: "file",
    description: "https: a certificate of our own, with --key",
  },
  key: { type: "string", valueHint: "file", description: "https: the key of --cert" },
} as const;

/** Values of {@link connectionArgs}; absent: the command does not take them. */
export type ConnectionValues = {
  readonly [Name in keyof typeof connectionArgs]?: string | undefined;
};

/** What goes along with a question to a service. */
export interface Connection {
  /** Bearer token; undefined: none is sent. */
  readonly token: string | undefined;
  /** PEM texts for https; undefined: those of the system. */
  readonly tls?: TlsFiles | undefined;
}

/** @throws {UsageError} A file cannot be read, or one of two is missing. */
export function connectionOf(
  { token, ca, cert, key }: ConnectionValues,
  { env, terminal, cwd }: CommandContext,
): Connection {
  const given = token ?? (env["AGGREGATOR_TOKEN"] || undefined);
  if (given !== undefined) terminal.hide([given]);
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("Options --cert and --key go together: one is missing");
  }
  const read = (option: string, path: string | undefined): string | undefined => {
    if (path === undefined) return undefined;
    try {
      return readFileSync(resolve(cwd, path), "utf8");
    } catch (failure) {
      throw new UsageError(`Cannot read "${path}" for --${option}: ${messageOf(failure)}`);
    }
  };
  const tls = { ca: read("ca", ca), cert: read("cert", cert), key: read("key", key) };
  return { token: given, ...(ca === undefined && cert === undefined ? {} : { tls }) };
}
