import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CACHE,
  describeWith,
  fetchServer,
  freePorts,
  runScript,
  type Service,
  serviceFolder,
  startService,
} from "./service.ts";

/** A real Apache Kafka broker. */
export interface KafkaServer extends Service {
  /** Without encryption or password. It makes no topics on its own. */
  readonly brokers: string;
  /** PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512; user `tester`, password `secret`. */
  readonly saslBrokers: string;
  /** TLS of `ca.crt`; wants the certificate of a client: `client.crt`, `client.key`. */
  readonly tlsBrokers: string;
  /** SASL over TLS; wants no certificate of a client. */
  readonly saslTlsBrokers: string;
  /** A name that no test has used. */
  topic(): string;
}

const SCRIPT = join(import.meta.dir, "kafka.sh");

let running: Promise<KafkaServer> | undefined;
let topics = 0;

/**
 * The broker of this test run: started by the first who asks.
 *
 * @throws {UnavailableError} If Java or the broker cannot be had.
 */
export function useKafka(): Promise<KafkaServer> {
  running ??= start();
  return running;
}

/** `describe` for tests that need Kafka; to be awaited. */
export function describeWithKafka(
  name: string,
  define: (server: KafkaServer) => void,
): Promise<void> {
  return describeWith(name, useKafka, define);
}

async function start(): Promise<KafkaServer> {
  await fetchServer("kafka.sh", "Apache Kafka needs Java and Maven");
  const folder = await serviceFolder("kafka");
  const ports = await freePorts(5);
  await runScript("kafka.sh", ["init", CACHE, folder, ...ports.map(String)]);
  const service = await startService(folder, {
    command: () => [SCRIPT, "run", CACHE, folder],
    isUp: async () => {
      const log = await readFile(join(folder, "log"), "utf8").catch(() => "");
      return log.includes("Kafka Server started");
    },
    stopSignal: "SIGTERM",
    startMsMax: 60_000,
  });
  const [plain, sasl, tls, saslTls] = ports;
  return {
    ...service,
    brokers: `127.0.0.1:${plain}`,
    saslBrokers: `127.0.0.1:${sasl}`,
    tlsBrokers: `localhost:${tls}`,
    saslTlsBrokers: `localhost:${saslTls}`,
    topic() {
      topics++;
      return `test-${process.pid}-${topics}`;
    },
  };
}
