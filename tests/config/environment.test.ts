import { describe, expect, test } from "bun:test";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";
import type { Settings } from "../../src/core/settings.ts";
import { windowText } from "../../src/core/window-text.ts";
import { env, eventFunction, file, stdout, tumbling } from "../../src/index.ts";

type Variables = Readonly<Record<string, string>>;

function resolve(variables: Variables, input: unknown = {}): Settings {
  return resolveConfig(input, { origin: "test", dir: "/srv/plant", cwd: "/home", env: variables });
}

function messagesOf(variables: Variables): string[] {
  try {
    resolve(variables);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message.split("\n");
    throw thrown;
  }
  return [];
}

/** What the environment says nothing of. */
const STATUS_DEFAULTS = { tokens: [], loopback: "open", sessionMs: 43_200_000 } as const;

describe("the environment alone", () => {
  test("says where to serve and to keep", () => {
    const settings = resolve({
      HOST: "0.0.0.0",
      PORT: "8123",
      STATE_DIR: "state",
      AGGREGATOR_TOKEN: "t0ken",
    });
    expect(settings.status).toEqual({
      ...STATUS_DEFAULTS,
      host: "0.0.0.0",
      port: 8123,
      portAsked: true,
      token: "t0ken",
    });
    expect(settings.state.dir).toBe("/home/state");
    expect(settings.secrets).toContain("t0ken");
  });

  test.each([
    ["60", "per_minute", 'tumbling("1m")'],
    ["300", "per_5m", 'tumbling("5m")'],
    ["0.5", "per_500ms", 'tumbling("500ms")'],
    ["2h", "per_2h", 'tumbling("2h")'],
  ])("cuts windows of %s", (interval, name, window) => {
    const { rules } = resolve({ AGGREGATION_INTERVAL: interval });
    expect(rules.map((rule) => [rule.name, windowText(rule.window)])).toEqual([[name, window]]);
  });

  test("chooses the store", () => {
    const kinds = (variables: Variables) =>
      resolve(variables).sinks.map(({ name, definition }) => `${name}:${definition.name}`);
    expect(kinds({})).toEqual(["sqlite:sqlite"]);
    expect(kinds({ STORAGE_TYPE: "" })).toEqual(["sqlite:sqlite"]);
    expect(kinds({ STORAGE_TYPE: "sqlite" })).toEqual(["sqlite:sqlite"]);
    expect(kinds({ STORAGE_TYPE: "stdout" })).toEqual(["stdout:stdout"]);
    const url = "postgres://app:hunter2@db/plant";
    const postgres = { STORAGE_TYPE: "postgres", POSTGRES_CONNECTION_STRING: url };
    expect(kinds(postgres)).toEqual(["postgres:postgres"]);
    expect(resolve(postgres).sinks[0]!.options).toMatchObject({ url });
    expect(resolve(postgres).secrets).toContain("hunter2");
  });

  test("names the bus and its password is a secret", () => {
    const settings = resolve({ VABUS_URL: "http://me:hunter2@bus:8000/vabus" });
    expect(settings.source.definition.name).toBe("vabus");
    expect(settings.bus.embedded).toBe(false);
    expect(settings.secrets).toContain("hunter2");
    expect(messagesOf({ VABUS_URL: "bus:8000" })).toEqual([
      'VABUS_URL: "bus:8000": must be a URL that begins with http:// or https://',
    ]);
  });

  test("names the brokers and the topic of Kafka", () => {
    const variables = { STORAGE_TYPE: "kafka", KAFKA_BOOTSTRAP_SERVERS: "a:9092, b:9092" };
    const brokers = ["a:9092", "b:9092"];
    expect(resolve(variables).sinks[0]).toMatchObject({
      name: "kafka",
      options: { brokers, topic: "aggregates" },
    });
    expect(resolve({ ...variables, KAFKA_TOPIC: "plant" }).sinks[0]!.options).toMatchObject({
      topic: "plant",
    });
    expect(messagesOf({ ...variables, KAFKA_TOPIC: "a b" })[0]).toStartWith('KAFKA_TOPIC: "a b": ');
  });

  test("names the file of SQLite, from the working folder on", () => {
    expect(resolve({ SQLITE_PATH: "a.sqlite" }).sinks[0]!.options).toMatchObject({
      path: "/home/a.sqlite",
    });
  });

  test("tells every variable that is wrong by its name", () => {
    expect(
      messagesOf({
        AGGREGATION_INTERVAL: "0",
        STORAGE_TYPE: "postgress",
        PORT: "80a",
        AGGREGATOR_TOKEN: "a b",
      }),
    ).toEqual([
      'AGGREGATION_INTERVAL: "0": must be a number of seconds above 0, such as 60',
      'STORAGE_TYPE: "postgress": must be one of kafka, postgres, sqlite, stdout, did you mean "postgres"?',
      'PORT: "80a": must be a port, a whole number from 0 to 65535',
      "AGGREGATOR_TOKEN: ***: must be printable ASCII without spaces, and not empty",
    ]);
    expect(messagesOf({ PORT: "70000" })).toHaveLength(1);
  });

  test("tells what a store needs besides, and nothing else of it", () => {
    expect(messagesOf({ STORAGE_TYPE: "postgres" })).toEqual([
      "POSTGRES_CONNECTION_STRING: is not set, but STORAGE_TYPE=postgres needs it",
    ]);
    expect(messagesOf({ STORAGE_TYPE: "kafka" })).toEqual([
      "KAFKA_BOOTSTRAP_SERVERS: is not set, but STORAGE_TYPE=kafka needs it",
    ]);
  });

  test("tells what a component says of a value by the variable, without the password", () => {
    const [message] = messagesOf({
      STORAGE_TYPE: "postgres",
      POSTGRES_CONNECTION_STRING: "mysql://app:hunter2@db/plant",
    });
    expect(message).toStartWith("POSTGRES_CONNECTION_STRING: ");
    expect(message).not.toContain("hunter2");
  });
});

describe("the environment beside a file", () => {
  const complete = {
    source: file({ path: "x" }),
    rules: { a: { window: tumbling("1h"), aggregate: eventFunction() } },
    sinks: { lines: stdout() },
    status: { host: "localhost", port: 1, token: "ours" },
    state: { dir: "ours" },
  };

  test("counts for nothing where the file says something, and that is told", () => {
    const settings = resolve(
      {
        VABUS_URL: "http://bus",
        AGGREGATION_INTERVAL: "nonsense",
        STORAGE_TYPE: "nonsense",
        PORT: "nonsense",
        HOST: "0.0.0.0",
        STATE_DIR: "theirs",
        AGGREGATOR_TOKEN: "theirs",
      },
      complete,
    );
    expect(settings.status).toEqual({
      ...STATUS_DEFAULTS,
      host: "localhost",
      port: 1,
      portAsked: true,
      token: "ours",
    });
    expect(settings.state.dir).toBe("/srv/plant/ours");
    expect(settings.ignoredVariables).toEqual([
      "VABUS_URL",
      "AGGREGATION_INTERVAL",
      "STORAGE_TYPE",
      "STATE_DIR",
      "AGGREGATOR_TOKEN",
    ]);
  });

  test("fills what the file leaves open, option by option", () => {
    const variables = { PORT: "2", HOST: "0.0.0.0", STORAGE_TYPE: "stdout" };
    const settings = resolve(variables, { status: { host: "localhost" } });
    expect(settings.status).toMatchObject({ host: "localhost", port: 2 });
    expect(settings.sinks.map(({ name }) => name)).toEqual(["stdout"]);
  });

  test("is not ignored where the file asks for it", () => {
    const config = { ...complete, state: { dir: env("STATE_DIR") } };
    expect(resolve({ STATE_DIR: "theirs" }, config).ignoredVariables).toEqual([]);
  });
});
