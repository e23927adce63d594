import { describe, expect, test } from "bun:test";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";
import type { Settings } from "../../src/core/settings.ts";

type Variables = Readonly<Record<string, string>>;

function resolve(input: unknown, env: Variables = {}): Settings {
  return resolveConfig(input, { origin: "test", dir: "/srv/plant", cwd: "/home/me", env });
}

function otlpOf(input: unknown, env: Variables = {}): Settings["metrics"]["otlp"] {
  return resolve(input, env).metrics.otlp;
}

function messageOf(input: unknown, env: Variables = {}): string {
  try {
    resolve(input, env);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
  return "";
}

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

describe("metrics.otlp", () => {
  test("is off unless it is said", () => {
    expect(resolve({ metrics: { every: "5s" } }).metrics).toEqual({ everyMs: 5000 });
  });

  test("completes the URL, and everything has a default", () => {
    const defaults = {
      headers: {},
      everyMs: 60_000,
      timeoutMs: 10_000,
      resource: {},
      ca: undefined,
    };
    const url = "http://collector:4318/v1/metrics";
    expect(otlpOf({ metrics: { otlp: { url: "http://collector:4318" } } })).toEqual({
      url,
      ...defaults,
    });
    expect(otlpOf({ metrics: { otlp: { url } } })?.url).toBe(url);
    expect(otlpOf({ metrics: { otlp: { url: "https://c/api/otlp/?team=a" } } })?.url).toBe(
      "https://c/api/otlp/v1/metrics?team=a",
    );
    expect(otlpOf({ metrics: { otlp: { url, ca: "ca.pem" } } })?.ca).toBe("/srv/plant/ca.pem");
  });

  test("headers are secrets, attributes are not", () => {
    const otlp = {
      url: "http://c",
      headers: { "x-team": "sesame-street" },
      resource: { site: "north" },
    };
    expect(resolve({ metrics: { otlp } }).secrets).toEqual(["sesame-street"]);
  });

  test.each([
    [{ url: "collector:4318" }, "metrics.otlp.url: "],
    [{ url: "http://me:pass-w0rd@c" }, "without user and password"],
    [{ url: "http://c", headers: { "a b": "s3cret" } }, "metrics.otlp.headers: must be headers"],
    [
      { url: "http://c", headers: { a: "s3cret\r\nb: c" } },
      "metrics.otlp.headers: must be headers",
    ],
    [{ url: "http://c", every: "1ms" }, "metrics.otlp.every"],
    [{ url: "http://c", header: {} }, 'did you mean "headers"?'],
    [{}, "metrics.otlp.url: is missing"],
  ])("refuses %j", (otlp, wanted) => {
    const message = messageOf({ metrics: { otlp } });
    expect(message).toContain(wanted);
    expect(message).not.toMatch(/s3cret|pass-w0rd/);
  });
});

describe("the variables of OpenTelemetry", () => {
  test("say all of it where no file does", () => {
    const env = {
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20t0ken , x-team = a%2Cb",
      OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
      OTEL_METRIC_EXPORT_INTERVAL: "15000",
      OTEL_RESOURCE_ATTRIBUTES: "site=north,service.name=other",
      OTEL_SERVICE_NAME: "meters",
      OTEL_EXPORTER_OTLP_CERTIFICATE: "ca.pem",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    };
    expect(otlpOf({}, env)).toEqual({
      url: "http://collector:4318/v1/metrics",
      headers: { authorization: "Bearer t0ken", "x-team": "a,b" },
      everyMs: 15_000,
      timeoutMs: 2_500,
      resource: { site: "north", "service.name": "meters" },
      ca: "/home/me/ca.pem",
    });
    expect(resolve({}, env).secrets).toContain("Bearer t0ken");
  });

  test("those of metrics go before those of all signals", () => {
    const env = {
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://metrics:9000/v1/metrics",
      OTEL_EXPORTER_OTLP_HEADERS: "a=1",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "b=2",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "2000",
    };
    expect(otlpOf({}, env)).toMatchObject({
      url: "http://metrics:9000/v1/metrics",
      headers: { b: "2" },
      timeoutMs: 2000,
    });
  });

  test.each<[string, Variables]>([
    ["no endpoint", { OTEL_EXPORTER_OTLP_HEADERS: "a=1" }],
    ["an empty one", { OTEL_EXPORTER_OTLP_ENDPOINT: "" }],
    ["OTEL_SDK_DISABLED", { ...ENDPOINT, OTEL_SDK_DISABLED: "TRUE" }],
    ["another exporter", { ...ENDPOINT, OTEL_METRICS_EXPORTER: "none" }],
  ])("%s: nothing is pushed", (_, env) => {
    expect(otlpOf({}, env)).toBeUndefined();
  });

  test("a file that says where to goes before them, one that says nothing of it does not", () => {
    const metrics = { otlp: { url: "http://mine" } };
    expect(otlpOf({ metrics }, ENDPOINT)?.url).toBe("http://mine/v1/metrics");
    const open = resolve({ metrics: { every: "5s" } }, ENDPOINT).metrics;
    expect([open.everyMs, open.otlp?.url]).toEqual([5000, "http://collector:4318/v1/metrics"]);
  });

  test.each<[Variables, string]>([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT: "],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
      'OTEL_EXPORTER_OTLP_PROTOCOL: "grpc": must be http/json, or http/protobuf',
    ],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "t0ken" },
      "OTEL_EXPORTER_OTLP_HEADERS: must be key=value",
    ],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "a=%zzt0ken" }, "must be key=value"],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_TIMEOUT: "10s" },
      'OTEL_EXPORTER_OTLP_TIMEOUT: "10s": must be a whole',
    ],
    [{ ...ENDPOINT, OTEL_METRIC_EXPORT_INTERVAL: "1" }, "OTEL_METRIC_EXPORT_INTERVAL"],
  ])("refuses %j", (env, wanted) => {
    const message = messageOf({}, env);
    expect(message).toContain(wanted);
    expect(message).not.toContain("t0ken");
  });
});
