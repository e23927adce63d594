import { FatalError, messageOf, TransientError } from "../core/errors.ts";

/** Trying again cannot help; what a person does about it. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/SASL/, "check the option sasl and the user's password"],
  [/AUTHORIZATION_FAILED$/, "grant the user what it needs (docs/sources.md, docs/sinks.md)"],
  [/^INVALID_TOPIC_EXCEPTION$/, "name another topic"],
  [
    /^(?:INVALID_REPLICATION_FACTOR|INVALID_PARTITIONS|INVALID_CONFIG|POLICY_VIOLATION)$/,
    "change the options with which the topic is made, or make it by hand",
  ],
  [/^(?:UNSUPPORTED_VERSION|UNSUPPORTED_FOR_MESSAGE_FORMAT)$/, "Kafka 2.1 or later is wanted"],
  [/^INVALID_TRANSACTION_TIMEOUT$/, "transaction.max.timeout.ms of the brokers is too small"],
  [/CERT|TLS|SSL|SIGNATURE/, "check the options tls, ca, cert and key"],
];

/**
 * What kind of failure kafkajs reports: the protocol's name of it (`MESSAGE_TOO_LARGE`), the code of the
 * connection (`ECONNREFUSED`) or its own name. It wraps failures in others, so that the innermost counts.
 */
export function kafkaErrorType(thrown: unknown): string {
  let type = "";
  for (const error of chainOf(thrown)) {
    if ("type" in error && typeof error.type === "string") type = error.type;
    else if ("code" in error && typeof error.code === "string") type = error.code;
    else if (type === "" && /SASL/.test(error.name)) type = error.name;
  }
  return type;
}

/**
 * The failure of a call, as the pipeline wants it. What is not known to be for good is transient: a
 * broker that is away, one that looks for a leader, a topic that was deleted and that opening makes again.
 */
export function kafkaFailure(action: string, thrown: unknown): Error {
  if (thrown instanceof FatalError || thrown instanceof TransientError) return thrown;
  const type = kafkaErrorType(thrown);
  const known = /^[A-Z_]+$/.test(type) ? ` (${type})` : "";
  const text = `${action}: ${messageOf(chainOf(thrown).at(-1) ?? thrown)}${known}`;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(type))?.[1];
  if (remedy !== undefined) return new FatalError(`${text}; ${remedy}`);
  return new TransientError(text, { cause: thrown });
}

/** The error, what caused it, and so on to the innermost. */
function chainOf(thrown: unknown): Error[] {
  const chain: Error[] = [];
  let next: unknown = thrown;
  while (next instanceof Error && !chain.includes(next)) {
    chain.push(next);
    const several: unknown =
      "errors" in next && Array.isArray(next.errors) ? next.errors[0] : undefined;
    next = several ?? next.cause;
  }
  return chain;
}
