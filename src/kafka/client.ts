import { readFileSync } from "node:fs";
import { Kafka, type KafkaConfig, type LogEntry, logLevel, type SASLOptions } from "kafkajs";
import { FatalError, messageOf } from "../core/errors.ts";
import { CALL_TIMEOUT_MS } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { KafkaConnection } from "./connection-options.ts";
import { repairTimer } from "./timer-repair.ts";

/** A broker that does not take a connection, or a password, within this time is away. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Between two transactions the coordinator needs some 10 ms to write the marks of the first: with the
 * usual 300 ms there would be 7 transactions a second. What takes longer than these few tries is for the
 * pipeline, which waits with the patience of minutes.
 */
const RETRY = { initialRetryTime: 20, retries: 7, maxRetryTime: 2_000 } as const;

/**
 * A client of Kafka; nothing is connected yet.
 *
 * @throws {FatalError} If a certificate cannot be read.
 */
export function createKafkaClient(
  connection: KafkaConnection,
  { clientId, logger }: { clientId: string; logger: Logger },
): Kafka {
  repairTimer();
  const ssl = tlsOptions(connection);
  return new Kafka({
    brokers: connection.brokers,
    clientId,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    authenticationTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: CALL_TIMEOUT_MS,
    retry: { ...RETRY },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => logEntry(entry, logger),
    ...(ssl === undefined ? {} : { ssl }),
    ...(connection.sasl === undefined ? {} : { sasl: saslOptions(connection.sasl) }),
  });
}

/**
 * What kafkajs calls an error is, to us, one try of several: it ends up in an exception that says it.
 * Its fields hold stack traces and, now and then, objects; the message is enough.
 */
function logEntry({ namespace, log }: LogEntry, logger: Logger): void {
  logger.debug(`The Kafka client says: ${log.message}.`, { part: namespace });
}

function tlsOptions({ tls, ca, cert, key }: KafkaConnection): KafkaConfig["ssl"] {
  if (tls === false) return undefined;
  const files = {
    ...(ca === undefined ? {} : { ca: readPem("ca", ca) }),
    ...(cert === undefined ? {} : { cert: readPem("cert", cert) }),
    ...(key === undefined ? {} : { key: readPem("key", key) }),
  };
  if (Object.keys(files).length > 0) return files;
  return tls;
}

function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw new FatalError(`Cannot read "${path}" of the option ${option}: ${messageOf(thrown)}`);
  }
}

function saslOptions(sasl: NonNullable<KafkaConnection["sasl"]>): SASLOptions {
  const { mechanism, username, password } = sasl;
  // Spelt out, since a union of names is not a union of options.
  if (mechanism === "plain") return { mechanism, username, password };
  if (mechanism === "scram-sha-256") return { mechanism, username, password };
  return { mechanism, username, password };
}
