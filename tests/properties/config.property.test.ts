import { expect, test } from "bun:test";
import fc from "fast-check";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { env, eventFunction, file, kafka, postgres, sqlite, tumbling } from "../../src/index.ts";

const OPTIONS = { origin: "test", dir: "/srv/plant" } as const;

/** What resolving says of a configuration; anything but a ConfigError is a fault of ours. */
function messageOf(config: unknown, variables: Readonly<Record<string, string>> = {}): string {
  try {
    resolveConfig(config, { ...OPTIONS, env: variables });
    return "";
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
}

const complete = {
  name: "plant-7",
  source: file({ path: "x" }),
  rules: {
    a: { window: tumbling("60s", { offset: "1s" }), aggregate: eventFunction(), to: ["b"] },
  },
  sinks: { b: sqlite({ path: "y" }), c: kafka({ brokers: ["a:1"], topic: "t" }) },
  time: { outOfOrderness: "5s", idleTimeout: "off", minTimestamp: 0, maxTimestamp: "2030-01-01" },
  dedupe: { for: "1h", maxIds: 1 },
  status: { host: "localhost", port: 1, token: "t" },
  metrics: { every: "1s" },
  state: { dir: "d" },
  bus: { maxBytes: 1_048_576, retention: "1h" },
};

/** Every place in a value. */
function placesIn(value: unknown): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[]];
  const inner = Object.entries(value).flatMap(([key, part]) =>
    placesIn(part).map((place) => [Array.isArray(value) ? Number(key) : key, ...place]),
  );
  return [[], ...inner];
}

function replaceAt(value: unknown, [key, ...rest]: (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((part, at): unknown => (at === key ? replaceAt(part, rest, by) : part));
  }
  // The place is one of this very value.
  const holder = value as Record<string, unknown>;
  return { ...holder, [key]: replaceAt(holder[key], rest, by) };
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
});

test("the configuration that is changed below is right", () => {
  expect(messageOf(complete)).toBe("");
});

test("any value as a configuration is taken or refused in words", () => {
  fc.assert(fc.property(anything, (config) => void messageOf(config)));
});

test("any value at any place of a configuration is taken or refused in words", () => {
  const places = fc.constantFrom(...placesIn(complete));
  fc.assert(
    fc.property(places, anything, (place, value) => {
      messageOf(replaceAt(complete, place, value));
    }),
    { numRuns: 1000 },
  );
});

test("no value of the environment is ever said, wherever it stands", () => {
  // Unlike anything that a message says by itself.
  const secret = fc.stringMatching(/^[Q-Z]{6,12}[ :/@%]?[0-9]{2,4}$/);
  const places = fc.constantFrom(...placesIn(complete).filter((place) => place.length > 0));
  fc.assert(
    fc.property(places, secret, (place, value) => {
      const config = replaceAt(complete, place, env("SECRET"));
      expect(messageOf(config, { SECRET: value })).not.toContain(value);
    }),
    { numRuns: 1000 },
  );
});

test("the password of a URL is never said", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[Q-Z]{6}[^\s/:@]{1,6}$/), (password) => {
      const url = `mysql://app:${password}@db/plant`;
      const config = { sinks: { a: postgres({ url }) } };
      expect(messageOf(config)).not.toContain(password);
      const variables = { STORAGE_TYPE: "postgres", POSTGRES_CONNECTION_STRING: url };
      expect(messageOf({}, variables)).not.toContain(password);
    }),
  );
});
