/* oxlint-disable typescript/restrict-template-expressions -- env() is made for templates. */
import { describe, expect, test } from "bun:test";
import { BUILT_IN_ALERTS } from "../../src/config/alert-defaults.ts";
import type { Environment } from "../../src/config/expand-env.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import type { Settings } from "../../src/core/settings.ts";
import {
  avg,
  count,
  defineConfig,
  env,
  file,
  postgres,
  sqlite,
  stdout,
  sum,
  tumbling,
} from "../../src/index.ts";

const DIR = "/srv/plant";

function resolve(input: unknown, variables: Environment = {}): Settings {
  return resolveConfig(input, { origin: "test", dir: DIR, env: variables });
}

/** Numbers as numbers: a branded one equals itself. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("resolveConfig()", () => {
  test("makes a working service of nothing", () => {
    const { source, sinks, rules, alerts = [], ...rest } = resolve(defineConfig({}));
    expect(alerts.map(({ name }) => name)).toEqual(Object.keys(BUILT_IN_ALERTS));
    expect(plain(rest)).toEqual({
      name: "aggregator",
      origin: "test",
      time: {
        outOfOrderness: 5_000_000,
        idleTimeout: 10_000_000,
        maxFuture: 60_000_000,
        timestampUnit: "s",
        maxPartitionSkew: 3_600_000_000,
        minTimestamp: -2_208_988_800_000_000,
        maxTimestamp: 7_258_118_400_000_000,
      },
      functions: ["sum", "avg", "min", "max", "count"],
      notifiers: [],
      dedupe: { for: 3_600_000_000, idsMax: 5_000_000 },
      status: {
        host: "127.0.0.1",
        port: 8000,
        portAsked: false,
        tokens: [],
        loopback: "open",
        sessionMs: 43_200_000,
      },
      metrics: { everyMs: 10_000 },
      log: { level: "info", parts: {}, format: "auto" },
      state: {
        dir: "/srv/plant/aggregator-data",
        checkpointEveryMs: 5_000,
        outboxBytesMax: 1_073_741_824,
        shutdownMsMax: 30_000,
      },
      bus: { embedded: true, bytesMax: 1_073_741_824, retention: 86_400_000_000 },
      backup: { to: "/srv/plant/backups", keep: 24, s3: { region: "us-east-1" } },
      ignoredVariables: [],
      secrets: [],
    });
    expect(source.definition.name).toBe("embedded");
    expect(sinks.map(({ name, definition }) => [name, definition.name])).toEqual([
      ["sqlite", "sqlite"],
    ]);
    expect(sinks[0]!.options).toMatchObject({ path: "/srv/plant/aggregates.sqlite" });
    const [rule] = rules;
    expect(rules).toHaveLength(1);
    expect(plain(rule)).toMatchObject({
      name: "per_minute",
      window: { kind: "tumbling", size: 60_000_000, offset: 0 },
      allowedLateness: 0,
      to: ["sqlite"],
      seriesMax: 1_000_000,
    });
    expect(rule!.aggregate.kind).toBe("event");
  });

  test("takes every option of a rule", () => {
    const { rules } = resolve({
      sinks: { a: stdout(), b: sqlite({ path: "b" }) },
      rules: {
        z: {
          window: tumbling("1d", { offset: "6h" }),
          aggregate: { mean: avg(), n: count() },
          allowedLateness: "1.5h",
          to: ["b"],
          maxSeries: 10,
        },
        a: { window: tumbling("60s"), aggregate: sum() },
      },
    });
    // In the order of the file, not of the alphabet.
    expect(rules.map(({ name }) => name)).toEqual(["z", "a"]);
    expect(plain(rules[0])).toMatchObject({
      window: { kind: "tumbling", size: 86_400_000_000, offset: 21_600_000_000 },
      allowedLateness: 5_400_000_000,
      to: ["b"],
      seriesMax: 10,
    });
    expect(functionsOf(rules[0]!)).toEqual([
      ["mean", "avg"],
      ["n", "count"],
    ]);
    expect(functionsOf(rules[1]!)).toEqual([["sum", "sum"]]);
    expect(rules[1]!.to).toEqual(["a", "b"]);
  });

  test("takes an instant as unix seconds and as a text with its zone", () => {
    const { time } = resolve({
      time: { minTimestamp: "2024-03-01T03:00:00+03:00", maxTimestamp: 1_709_251_200.25 },
    });
    expect(Number(time.minTimestamp)).toBe(1_709_251_200_000_000);
    expect(Number(time.maxTimestamp)).toBe(1_709_251_200_250_000);
  });

  test("turns off what can be turned off", () => {
    const { time } = resolve({ time: { idleTimeout: "off", maxFuture: "off" } });
    expect([time.idleTimeout, time.maxFuture]).toEqual(["off", "off"]);
  });

  test("makes paths absolute from the folder of the file on", () => {
    const settings = resolve({
      source: file({ path: "in/events.ndjson" }),
      sinks: { a: sqlite({ path: "../a.sqlite" }), b: sqlite({ path: "/var/b.sqlite" }) },
      state: { dir: "state" },
    });
    expect(settings.source.options).toMatchObject({ path: "/srv/plant/in/events.ndjson" });
    expect(settings.sinks.map(({ options }) => options)).toMatchObject([
      { path: "/srv/a.sqlite" },
      { path: "/var/b.sqlite" },
    ]);
    expect(settings.state.dir).toBe("/srv/plant/state");
  });

  test("serves our own bus only where nothing else is read", () => {
    expect(resolve({ source: file({ path: "x" }) }).bus.embedded).toBe(false);
    expect(resolve({ source: { kind: "embedded" } }).bus.embedded).toBe(true);
  });

  test("knows whether the port was asked for", () => {
    expect(resolve({ status: { port: 8000 } }).status).toMatchObject({
      port: 8000,
      portAsked: true,
    });
  });

  test("takes what is undefined as not said", () => {
    const settings = resolve({ name: undefined, status: { port: undefined }, sinks: undefined });
    expect(settings.name).toBe("aggregator");
    expect(settings.status.port).toBe(8000);
  });

  test("changes nothing of its input", () => {
    const input = { status: { port: env("P") }, sinks: { a: sqlite({ path: env("D") }) } };
    const before = JSON.stringify(input);
    resolve(input, { P: "1", D: "d" });
    expect(JSON.stringify(input)).toBe(before);
  });
});

describe("env()", () => {
  test("is the value of the variable, as a text, a number or a part of a text", () => {
    const settings = resolve(
      defineConfig({
        name: env("NAME"),
        status: { port: env("STATUS_PORT") },
        sinks: { a: sqlite({ path: `data/${env("DAY")}/${env("SHIFT", 2)}.sqlite` }) },
        source: file({ path: "x", follow: env("FOLLOW") }),
      }),
      { NAME: "plant-7", STATUS_PORT: "81", DAY: "monday", FOLLOW: "true" },
    );
    expect(settings.name).toBe("plant-7");
    expect(settings.status).toMatchObject({ port: 81, portAsked: true });
    expect(settings.sinks[0]!.options).toMatchObject({ path: "/srv/plant/data/monday/2.sqlite" });
    expect(settings.source.options).toMatchObject({ follow: true });
  });

  test("falls back where the variable is not set or empty", () => {
    const config = defineConfig({ name: env("NAME", "plant-8"), status: { port: env("P", 82) } });
    expect(resolve(config)).toMatchObject({ name: "plant-8", status: { port: 82 } });
    expect(resolve(config, { NAME: "" }).name).toBe("plant-8");
  });

  test("makes a secret of what it read, but not of numbers, switches and defaults", () => {
    const { secrets } = resolve(
      {
        name: env("NAME"),
        status: { port: env("P"), host: env("H", "localhost") },
        source: file({ path: "x", follow: env("F") }),
      },
      { NAME: "plant-7", P: "8000", F: "false" },
    );
    expect(secrets).toEqual(["plant-7"]);
  });
});

describe("secrets", () => {
  test("are tokens and the passwords of URLs, as they stand there and decoded", () => {
    const { secrets } = resolve({
      status: { token: "t0ken" },
      sinks: { a: postgres({ url: "postgres://app:p%40ss@db/plant" }) },
    });
    expect([...secrets].sort()).toEqual(["p%40ss", "p@ss", "t0ken"]);
  });
});

function functionsOf({ aggregate }: Settings["rules"][number]): [string, string][] {
  if (aggregate.kind !== "named") return [];
  return aggregate.functions.map(({ key, aggregation }) => [key, aggregation.name]);
}
