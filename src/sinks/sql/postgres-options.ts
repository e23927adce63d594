import { readFileSync } from "node:fs";
import type postgres from "postgres";
import * as v from "valibot";
import { FatalError, messageOf } from "../../core/errors.ts";
import { DEFAULT_TABLE, qualifiedTableName } from "./table-name.ts";

/** A server that does not take a connection within this time is away. */
const CONNECT_TIMEOUT_S = 10;

const file = (description: string) =>
  v.pipe(v.optional(v.string()), v.description(description), v.metadata({ kind: "path" }));

export const postgresOptions = v.strictObject({
  url: v.pipe(
    v.string(),
    v.regex(/^postgres(?:ql)?:\/\//, "must begin with postgres://"),
    v.description("Where, as postgres://user:password@host:5432/database."),
  ),
  table: v.pipe(
    v.optional(qualifiedTableName, DEFAULT_TABLE),
    v.description("The table, or schema.table; made when it is missing."),
  ),
  ssl: v.pipe(
    v.optional(v.picklist(["disable", "prefer", "require", "verify-full"])),
    v.description(
      "Encryption: none, when the server can, always, or always and the server's certificate is checked. " +
        "Default: what the URL says (sslmode), else none; with ca, verify-full.",
    ),
  ),
  ca: file("A file with the certificates of the authority that signed the server's."),
  cert: file("A file with our own certificate, where the server wants one."),
  key: file("A file with the key of our own certificate."),
});

export type PostgresOptions = v.InferOutput<typeof postgresOptions>;

/** Where it is, without user and password. */
export function describePostgres({ url, table }: PostgresOptions): string {
  // The last @ of all: whatever may belong to a password stays out.
  const address = url.replace(/^\w+:\/\/(?:.*@)?/s, "").replace(/\?.*$/s, "");
  return `postgres://${address} table ${table}`;
}

/** What the client is told. @throws {FatalError} If a certificate cannot be read. */
export function clientOptions(
  options: PostgresOptions,
  pipeline: string,
): postgres.Options<Record<string, never>> {
  const ssl = sslOption(options);
  return {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_S,
    // Types are named in the statements.
    fetch_types: false,
    // Poolers that give a connection a transaction keep no prepared statements.
    prepare: false,
    onnotice() {},
    connection: { application_name: `aggregator ${pipeline}`.slice(0, 63) },
    ...(ssl === undefined ? {} : { ssl }),
  };
}

function sslOption(options: PostgresOptions): "prefer" | "require" | object | false | undefined {
  const { ssl, ca, cert, key } = options;
  if (ssl === "disable") return false;
  const files = {
    ...(ca === undefined ? {} : { ca: readPem("ca", ca) }),
    ...(cert === undefined ? {} : { cert: readPem("cert", cert) }),
    ...(key === undefined ? {} : { key: readPem("key", key) }),
  };
  if (ssl === "verify-full" || ca !== undefined) return { ...files, rejectUnauthorized: true };
  if (Object.keys(files).length > 0) return { ...files, rejectUnauthorized: false };
  return ssl;
}

function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw new FatalError(`Cannot read "${path}" of the option ${option}: ${messageOf(thrown)}`);
  }
}
