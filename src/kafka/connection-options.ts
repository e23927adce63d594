import * as v from "valibot";

const file = (description: string) =>
  v.pipe(v.optional(v.string()), v.description(description), v.metadata({ kind: "path" }));

const HOST_AND_PORT = /^(?:\[[0-9a-f:.]+\]|[^\s:,/[\]]+):\d{1,5}$/i;

/** The options of a connection to Kafka: spread them into the schema of a source or a sink. */
export const kafkaConnectionEntries = {
  brokers: v.pipe(
    v.union([v.string(), v.array(v.string())]),
    v.transform((brokers) =>
      (typeof brokers === "string" ? brokers.split(",") : brokers)
        .map((broker) => broker.trim())
        .filter((broker) => broker !== ""),
    ),
    v.check(
      (brokers) => brokers.length > 0 && brokers.every((broker) => HOST_AND_PORT.test(broker)),
      "must be host:port, with commas between several",
    ),
    v.description("Some of the brokers, as host:port, in a list or with commas between them."),
  ),
  tls: v.pipe(
    v.optional(v.boolean()),
    v.description("Whether to encrypt, and to check the brokers' certificates. Default: with ca."),
  ),
  ca: file("A file with the certificates of the authority that signed the brokers'."),
  cert: file("A file with our own certificate, where the brokers want one."),
  key: file("A file with the key of our own certificate."),
  sasl: v.pipe(
    v.optional(
      v.strictObject({
        mechanism: v.pipe(
          v.picklist(["plain", "scram-sha-256", "scram-sha-512"]),
          v.description("How the password is proven. With plain it is sent: use tls."),
        ),
        username: v.pipe(v.string(), v.description("Who we are.")),
        password: v.pipe(
          v.string(),
          v.description("The password."),
          v.metadata({ kind: "secret" }),
        ),
      }),
    ),
    v.description("User and password."),
  ),
};

const kafkaConnection = v.object(kafkaConnectionEntries);

/** What the options of a connection become. */
export type KafkaConnection = v.InferOutput<typeof kafkaConnection>;
