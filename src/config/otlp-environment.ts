import { withoutUndefined } from "./without-undefined.ts";
/** How the environment is read: what a variable says, and that it is wrong. */
export interface VariableReader {
  text(name: string, path: string): string | undefined;
  fail(name: string, message: string): void;
}

/** The variables of OpenTelemetry that count here. */
export const OTLP_VARIABLES = [
  "OTEL_SDK_DISABLED",
  "OTEL_METRICS_EXPORTER",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
  "OTEL_EXPORTER_OTLP_TIMEOUT",
  "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
  "OTEL_EXPORTER_OTLP_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
  "OTEL_METRIC_EXPORT_INTERVAL",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_SERVICE_NAME",
] as const;

type OtlpVariable = (typeof OTLP_VARIABLES)[number];

/**
 * The part `metrics.otlp` as the variables of OpenTelemetry say it: those of metrics go before those of all
 * signals. Undefined: no endpoint is set, or nothing is wanted.
 *
 * @param absolute Completes a path.
 */
export function otlpOfEnvironment(
  reader: VariableReader,
  absolute: (path: string) => string,
): Readonly<Record<string, unknown>> | undefined {
  const text = (name: OtlpVariable, option: string): string | undefined =>
    reader.text(name, `metrics.otlp.${option}`);
  const ofMetrics = (name: "ENDPOINT" | "PROTOCOL" | "HEADERS" | "TIMEOUT" | "CERTIFICATE") => {
    const option = {
      ENDPOINT: "url",
      PROTOCOL: "url",
      HEADERS: "headers",
      TIMEOUT: "timeout",
      CERTIFICATE: "ca",
    }[name];
    const own: OtlpVariable = `OTEL_EXPORTER_OTLP_METRICS_${name}`;
    const general: OtlpVariable = `OTEL_EXPORTER_OTLP_${name}`;
    const said = text(own, option);
    return said === undefined
      ? { name: general, value: text(general, option), isOwn: false }
      : { name: own, value: said, isOwn: true };
  };
  if (text("OTEL_SDK_DISABLED", "url")?.toLowerCase() === "true") return undefined;
  const exporter = text("OTEL_METRICS_EXPORTER", "url");
  if (exporter !== undefined && !exporter.split(",").includes("otlp")) return undefined;
  // Read last, so that it is the one that an error names.
  const protocol = ofMetrics("PROTOCOL");
  const endpoint = ofMetrics("ENDPOINT");
  if (endpoint.value === undefined) return undefined;
  if (protocol.value?.startsWith("grpc") === true) {
    reader.fail(protocol.name, `"${protocol.value}": must be http/json, or http/protobuf`);
  }
  const ca = ofMetrics("CERTIFICATE").value;
  return withoutUndefined({
    url: endpoint.value,
    headers: pairs(reader, ofMetrics("HEADERS")),
    timeout: millis(reader, ofMetrics("TIMEOUT")),
    every: millis(reader, {
      name: "OTEL_METRIC_EXPORT_INTERVAL",
      value: text("OTEL_METRIC_EXPORT_INTERVAL", "every"),
    }),
    resource: resourceOf(reader, text),
    ca: ca === undefined ? undefined : absolute(ca),
  });
}

interface Said {
  readonly name: string;
  readonly value: string | undefined;
}

function resourceOf(
  reader: VariableReader,
  text: (name: OtlpVariable, option: string) => string | undefined,
): Readonly<Record<string, string>> | undefined {
  const name = "OTEL_RESOURCE_ATTRIBUTES";
  const attributes = pairs(reader, { name, value: text(name, "resource") });
  const service = text("OTEL_SERVICE_NAME", "resource");
  return service === undefined ? attributes : { ...attributes, "service.name": service };
}

/** `key=value,key2=value2`, with values as in a URL (W3C Baggage). */
function pairs(
  reader: VariableReader,
  { name, value }: Said,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  const found: Record<string, string> = {};
  for (const pair of value.split(",").filter((one) => one.trim() !== "")) {
    const at = pair.indexOf("=");
    const key = at === -1 ? "" : decoded(pair.slice(0, at).trim());
    const said = at === -1 ? undefined : decoded(pair.slice(at + 1).trim());
    if (key === undefined || key === "" || said === undefined) {
      // The value may be a secret: it is not told.
      reader.fail(name, "must be key=value,key2=value2, with values as in a URL");
      return undefined;
    }
    found[key] = said;
  }
  return found;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A number of milliseconds, as a duration of ours. */
function millis(reader: VariableReader, { name, value }: Said): string | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return `${value}ms`;
  reader.fail(name, `"${value}": must be a whole number of milliseconds`);
  return undefined;
}
