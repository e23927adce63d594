import postgres from "postgres";
import { FatalError, messageOf, TransientError } from "../../core/errors.ts";

/** Classes of SQLSTATE with which a row is refused: bad data, constraints, views, triggers, limits. */
const REFUSALS = /^(?:22|23|44|P0|54)/;

/** What a person does about it; nothing else helps. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^28/, "check user, password and the server's pg_hba.conf"],
  [/^3D/, "create the database, or name another one"],
  [/^3F/, "create the schema, or name another table"],
  [/^42501$/, "grant the role what it needs, or make the table by hand (docs/sinks.md)"],
  [/^42P10$/, 'column "id" must be its primary key, or unique'],
  [/^(?:42|0A)/, "see docs/sinks.md for the table that is wanted"],
];

/** Made again by opening: somebody dropped the table, or its index. */
const UNDEFINED_TABLE = "42P01";

/** Codes of TLS with which a certificate is refused, theirs or ours. */
const TLS = /CERT|TLS|SSL|SIGNATURE/;

/** What the store says of rows that it will never take; undefined when it is another failure. */
export function refusalOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof postgres.PostgresError) || !REFUSALS.test(thrown.code)) return undefined;
  return `${thrown.message} (SQLSTATE ${thrown.code})`;
}

/**
 * The failure of a call, as the pipeline wants it. What is not known to be for good is transient: a lost
 * connection, a server that stops or is full, one that became a read-only standby, a deadlock.
 */
export function postgresFailure(action: string, thrown: unknown): Error {
  if (thrown instanceof FatalError || thrown instanceof TransientError) return thrown;
  const text = `${action}: ${messageOf(thrown)}`;
  const code = codeOf(thrown);
  if (!(thrown instanceof postgres.PostgresError)) {
    if (TLS.test(code)) return new FatalError(`${text}; check the options ssl, ca, cert and key`);
    return new TransientError(text, { cause: thrown });
  }
  const remedy = REMEDIES.find(([pattern]) => pattern.test(code))?.[1];
  if (remedy !== undefined && code !== UNDEFINED_TABLE) {
    return new FatalError(`${text} (SQLSTATE ${code}); ${remedy}`);
  }
  // A constraint that speaks at the commit only, and of no row in particular.
  if (REFUSALS.test(code)) return new FatalError(`${text} (SQLSTATE ${code})`);
  return new TransientError(`${text} (SQLSTATE ${code})`, { cause: thrown });
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && "code" in thrown) return String(thrown.code);
  return "";
}
