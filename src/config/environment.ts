import type { ConfigIssue } from "../core/errors.ts";
import { formatDuration, parseDuration } from "../core/time.ts";
import type { Environment } from "./expand-env.ts";
import { hintFor, shown } from "./explain.ts";
import { otlpOfEnvironment } from "./otlp-environment.ts";
import { withoutUndefined } from "./without-undefined.ts";

/** What the environment says for the parts that a file leaves open. */
export interface EnvironmentConfig {
  readonly config: Readonly<Record<string, unknown>>;
  /** Which variable stands behind a path of that configuration. */
  readonly variables: ReadonlyMap<string, string>;
  readonly issues: readonly ConfigIssue[];
  /** Paths whose variable is needed and not set: whatever else is said of them is an echo. */
  readonly missing: ReadonlySet<string>;
  /** Variables that are set and count for nothing, since the file says what they would. */
  readonly ignored: readonly string[];
}

/** Who sets one of these means this service; `HOST` and `PORT` are often there for others. */
const OWN_VARIABLES: ReadonlyMap<string, string> = new Map([
  ["VABUS_URL", "source"],
  ["AGGREGATION_INTERVAL", "rules"],
  ["STORAGE_TYPE", "sinks"],
  ["STATE_DIR", "state.dir"],
  ["STATE_KEY", "state.key"],
  ["AGGREGATOR_TOKEN", "status.token"],
]);

const STORAGE_TYPES = ["kafka", "postgres", "sqlite", "stdout"] as const;

const DEFAULT_TOPIC = "aggregates";

/** As in the schema. */
const SQLITE_PATH = "aggregates.sqlite";

/**
 * The configuration that the environment gives for what the file leaves open. An empty variable counts
 * as one that is not set. Variables of what the file says are not even looked at.
 *
 * @param options.isOpen Whether the file says nothing at a path such as `source` or `status.host`.
 * @param options.absolute Completes the path in `STATE_DIR`.
 */
export function configOfEnvironment(
  env: Environment,
  options: {
    readonly isOpen: (path: string) => boolean;
    readonly absolute: (path: string) => string;
  },
): EnvironmentConfig {
  const { isOpen, absolute } = options;
  const reader = new EnvironmentReader(env);
  const ifOpen = <Value>(path: string, read: (path: string) => Value): Value | undefined =>
    isOpen(path) ? read(path) : undefined;
  const url = ifOpen("source", () => reader.text("VABUS_URL", "source.url"));
  const dir = ifOpen("state.dir", (path) => reader.text("STATE_DIR", path));
  // There is one key: a file that names its file says so.
  const key = isOpen("state.keyFile")
    ? ifOpen("state.key", (path) => reader.text("STATE_KEY", path))
    : undefined;
  const config = withoutUndefined({
    source: url === undefined ? undefined : { kind: "vabus", url },
    rules: ifOpen("rules", () => rulesOf(reader)),
    sinks: ifOpen("sinks", () => sinksOf(reader, absolute)),
    status: withoutUndefined({
      host: ifOpen("status.host", (path) => reader.text("HOST", path)),
      port: ifOpen("status.port", (path) => reader.port("PORT", path)),
      token: ifOpen("status.token", (path) => reader.text("AGGREGATOR_TOKEN", path)),
    }),
    metrics: withoutUndefined({
      otlp: ifOpen("metrics.otlp", () => otlpOfEnvironment(reader, absolute)),
    }),
    state: withoutUndefined({ dir: dir === undefined ? undefined : absolute(dir), key }),
  });
  const isSaid = (path: string): boolean =>
    !isOpen(path) || (path === "state.key" && !isOpen("state.keyFile"));
  const ignored = [...OWN_VARIABLES].filter(([name, path]) => env[name] && isSaid(path));
  return {
    config,
    variables: reader.variables,
    issues: reader.issues,
    missing: reader.missing,
    ignored: ignored.map(([name]) => name),
  };
}

/** Reads variables and remembers what each one is for. */
class EnvironmentReader {
  readonly variables = new Map<string, string>();
  readonly issues: ConfigIssue[] = [];
  readonly missing = new Set<string>();
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(name: string, path: string): string | undefined {
    const value = this.#env[name];
    if (value === undefined || value === "") return undefined;
    this.variables.set(path, name);
    return value;
  }

  /** One that the others make necessary. */
  required(name: string, at: { readonly path: string; readonly because: string }): string {
    const value = this.text(name, at.path);
    if (value !== undefined) return value;
    this.missing.add(at.path);
    this.fail(name, `is not set, but ${at.because} needs it`);
    return "";
  }

  port(name: string, path: string): number | undefined {
    const value = this.text(name, path);
    if (value === undefined) return undefined;
    if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
    this.fail(name, `${shown(value)}: must be a port, a whole number from 0 to 65535`);
    return undefined;
  }

  fail(name: string, message: string): void {
    this.issues.push({ path: name, message });
  }
}

/** The rule is named after its window, so that rows of another interval have other ids. */
function rulesOf(reader: EnvironmentReader): unknown {
  const name = "AGGREGATION_INTERVAL";
  const text = reader.text(name, "rules");
  if (text === undefined) return undefined;
  // The interval of the environment is in seconds; with a unit it is a duration like any other.
  const size = parseDuration(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
  if (size === undefined || size <= 0) {
    reader.fail(name, `${shown(text)}: must be a number of seconds above 0, such as 60`);
    return undefined;
  }
  const written = formatDuration(size);
  const rule = { window: { kind: "tumbling", size: written }, aggregate: { kind: "event" } };
  return { [written === "1m" ? "per_minute" : `per_${written}`]: rule };
}

function sinksOf(reader: EnvironmentReader, absolute: (path: string) => string): unknown {
  const name = "STORAGE_TYPE";
  const type = reader.text(name, "sinks");
  switch (type) {
    case undefined:
    case "sqlite": {
      const path = reader.text("SQLITE_PATH", "sinks.sqlite.path");
      // Without one, the default of the schema counts from the folder of the file.
      if (path === undefined && type === undefined) return undefined;
      return {
        sqlite: { kind: "sqlite", path: path === undefined ? SQLITE_PATH : absolute(path) },
      };
    }
    case "stdout":
      return { stdout: { kind: "stdout" } };
    case "postgres": {
      const because = "STORAGE_TYPE=postgres";
      const url = reader.required("POSTGRES_CONNECTION_STRING", {
        path: "sinks.postgres.url",
        because,
      });
      return { postgres: { kind: "postgres", url } };
    }
    case "kafka": {
      const at = { path: "sinks.kafka.brokers", because: "STORAGE_TYPE=kafka" };
      const brokers = reader.required("KAFKA_BOOTSTRAP_SERVERS", at);
      const topic = reader.text("KAFKA_TOPIC", "sinks.kafka.topic") ?? DEFAULT_TOPIC;
      return { kafka: { kind: "kafka", brokers, topic } };
    }
    default: {
      const wish = `must be one of ${STORAGE_TYPES.join(", ")}${hintFor(type, STORAGE_TYPES)}`;
      reader.fail(name, `${shown(type)}: ${wish}`);
      return undefined;
    }
  }
}
