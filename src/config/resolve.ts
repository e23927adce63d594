import { resolve as resolvePath } from "node:path";
import * as v from "valibot";
import { byEvent } from "../aggregations/list.ts";
import { ConfigError, type ConfigIssue } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import type { Settings } from "../core/settings.ts";
import { millisOf } from "../core/time.ts";
import { alertsOf } from "./alerts.ts";
import { backupSettingsOf, secretsOfBackup } from "./backup.ts";
import { checkTogether } from "./check-together.ts";
import { type Component, type Definition, optionsSchema } from "./component.ts";
import { configOfEnvironment, type EnvironmentConfig } from "./environment.ts";
import { type Environment, type Expanded, expandEnv } from "./expand-env.ts";
import { explain, type Fault, NO_VALUE, shown } from "./explain.ts";
import { absolutePaths, isSecretName, markAt, secretsIn } from "./marks.ts";
import { notifiersOf, secretsInHeaders, secretsOfNotifiers } from "./notifiers.ts";
import { otlpSettingsOf } from "./otlp.ts";
import { pathText } from "./path-text.ts";
import { rulesOf } from "./rules.ts";
import { configSchema, EMBEDDED_SOURCE } from "./schema.ts";
import { parseKey } from "./state-key.ts";
import { statusSettingsOf } from "./status-schema.ts";
import { withoutUndefined } from "./without-undefined.ts";

export interface ResolveOptions {
  /** For messages: the path of the file, or `the environment`. */
  readonly origin: string;
  /** Absolute folder from which the paths of the configuration count. */
  readonly dir: string;
  /** Absolute folder from which the paths of the environment count; `dir` when left out. */
  readonly cwd?: string;
  readonly env: Environment;
}

type Config = v.InferOutput<typeof configSchema>;
type Section = Readonly<Record<string, unknown>>;

/**
 * Checks a configuration and completes it: from the environment where it says nothing, else from the
 * defaults. Changes nothing of the input and touches nothing outside.
 *
 * @param input What the file exports; `{}` for the environment alone.
 * @throws {ConfigError} With everything that is wrong, each with its path. Never shows a secret.
 *
 * @example
 * ```ts
 * resolveConfig({ name: "plant-7" }, { origin: "test", dir: "/srv", env: {} }).state.dir;
 * // => "/srv/aggregator-data"
 * ```
 */
export function resolveConfig(input: unknown, options: ResolveOptions): Settings {
  const { dir, cwd = dir, env } = options;
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new ConfigError([
      { path: "", message: `Configuration must be an object, not ${shown(input)}` },
    ]);
  }
  const expanded = expandEnv(input, env);
  // An object went in, and objects stay what they are.
  const file = expanded.value as Section;
  const filled = configOfEnvironment(env, {
    isOpen: (path) => isOpen(file, path.split(".")),
    absolute: (path) => resolvePath(cwd, path),
  });
  const merged = merge(file, filled.config);
  const { result, config } = parse(merged, expanded);
  const secrets = [
    ...secretsOf(config, expanded),
    ...secretsOfBackup(env),
    ...secretsOfNotifiers(config["notifiers"]),
    ...secretsInHeaders(config["source"]),
  ];
  const faults = [
    ...(result.success
      ? []
      : result.issues.flatMap((issue) => explain(issue, { schema: configSchema, input: config }))),
    ...checkTogether(config),
  ];
  const issues = [
    ...expanded.issues,
    ...filled.issues,
    ...faults.flatMap((fault) => issueOf(fault, { expanded, filled, secrets })),
  ];
  if (!result.success || issues.length > 0) throw new ConfigError(unique(issues));
  const ignoredVariables = filled.ignored.filter((name) => !expanded.names.has(name));
  return { ...settingsOf(result.output, { ...options, secrets }), ignoredVariables };
}

/** What is no object is not open: the check will say so. */
function isOpen(section: unknown, [key, ...rest]: readonly string[]): boolean {
  if (section === undefined || key === undefined) return section === undefined;
  return typeof section === "object" && section !== null && isOpen((section as Section)[key], rest);
}

/** The file wins where it says something; `status`, `state` and `metrics` are completed option by option. */
function merge(file: Section, environment: Section): Section {
  const merged: Record<string, unknown> = { ...environment, ...withoutUndefined(file) };
  for (const key of ["status", "state", "metrics"]) {
    const own = file[key] ?? {};
    // What is no object stays as it is: the check will say so.
    if (typeof own === "object") {
      merged[key] = { ...(environment[key] as Section), ...withoutUndefined(own as Section) };
    }
  }
  return merged;
}

/** Checks, and reads texts of the environment as numbers where the schema wants numbers. */
function parse(
  merged: Section,
  { fromEnv }: Expanded,
): { result: v.SafeParseResult<typeof configSchema>; config: Section } {
  let config = merged;
  let result = v.safeParse(configSchema, config);
  if (result.success) return { result, config };
  for (const fault of result.issues.flatMap((issue) =>
    explain(issue, { schema: configSchema, input: config }),
  )) {
    if (!fromEnv.has(pathText(fault.path))) continue;
    const value = converted(fault);
    // A copy whose every level is an object or a list.
    if (value !== undefined) config = withValueAt(config, fault.path, value) as Section;
  }
  if (config !== merged) result = v.safeParse(configSchema, config);
  return { result, config };
}

function converted({ value, expected }: Fault): number | boolean | undefined {
  if (typeof value !== "string") return undefined;
  if (expected === "number" && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (expected === "boolean" && /^(true|false)$/.test(value)) return value === "true";
  return undefined;
}

function withValueAt(holder: unknown, path: Fault["path"], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(holder)) {
    return holder.map((item, index): unknown =>
      index === key ? withValueAt(item, rest, value) : item,
    );
  }
  // The path came from the check of this very value.
  const section = holder as Section;
  return { ...section, [key]: withValueAt(section[key], rest, value) };
}

/** Numbers and switches are no secrets, and hiding short texts would hide half of every line. */
function secretsOf(config: Section, { values }: Expanded): string[] {
  const fromEnv = values.filter(
    (value) => value.length > 2 && !/^(true|false|[\d.]+)$/.test(value),
  );
  return [...new Set([...secretsIn(config, configSchema), ...fromEnv])].filter(
    (text) => text !== "",
  );
}

function issueOf(
  fault: Fault,
  context: {
    readonly expanded: Expanded;
    readonly filled: EnvironmentConfig;
    readonly secrets: readonly string[];
  },
): ConfigIssue[] {
  const { expanded, filled, secrets } = context;
  const path = pathText(fault.path);
  const above = fault.path.map((_, index) => pathText(fault.path.slice(0, index + 1)));
  if (above.some((at) => expanded.missing.has(at) || filled.missing.has(at))) return [];
  const variable = filled.variables.get(path);
  const isScalar = typeof fault.value !== "object" || fault.value === null;
  const mark = markAt(fault.path, configSchema);
  const isHidden =
    above.some((at) => expanded.fromEnv.has(at)) ||
    // A list of tokens also holds what is none, and is marked so.
    (mark === undefined ? fault.path.some(isSecretName) : mark === "secret");
  const value = isHidden ? "***" : shown(fault.value);
  const message =
    fault.value === NO_VALUE || fault.value === undefined || !isScalar
      ? fault.message
      : `${value}: ${fault.message}`;
  // The value is hidden in what the message quotes of it, too.
  return [{ path: variable ?? path, message: redact(message, secrets) }];
}

function unique(issues: readonly ConfigIssue[]): ConfigIssue[] {
  return [...new Map(issues.map((issue) => [`${issue.path}: ${issue.message}`, issue])).values()];
}

function settingsOf(
  output: Config,
  context: ResolveOptions & { readonly secrets: readonly string[] },
): Settings {
  const { dir, origin, secrets } = context;
  const component = <Kind extends Definition>({
    definition,
    options,
  }: Component<Kind>): Component<Kind> => ({
    definition,
    options: absolutePaths(options, { schema: optionsSchema(definition), dir }),
  });
  const sinkNames = output.sinks.map(({ name }) => name);
  const rules = rulesOf(output.rules, { sinks: sinkNames, registry: output.functions });
  const notifiers = notifiersOf(output.notifiers);
  const notifierNames = notifiers.map(({ name }) => name);
  return {
    name: output.name,
    origin,
    source: component(output.source),
    functions: [...byEvent.functions, ...output.functions].map(({ key }) => key),
    rules,
    sinks: output.sinks.map(({ name, value }) => ({ name, ...component(value) })),
    alerts: alertsOf(output.alerts, { rules, notifiers: notifierNames }),
    notifiers,
    time: output.time,
    dedupe: { for: output.dedupe.for, idsMax: output.dedupe.maxIds },
    status: statusSettingsOf(output.status, dir),
    metrics: {
      everyMs: output.metrics.every / 1000,
      ...(output.metrics.otlp && { otlp: otlpSettingsOf(output.metrics.otlp, dir) }),
    },
    log: {
      level: output.log.level,
      parts: withoutUndefined(output.log.parts),
      format: output.log.format,
    },
    state: {
      dir: resolvePath(dir, output.state.dir),
      checkpointEveryMs: millisOf(output.state.checkpointEvery),
      outboxBytesMax: output.state.maxOutboxBytes,
      shutdownMsMax: millisOf(output.state.shutdownTimeout),
      key: output.state.key === undefined ? undefined : parseKey(output.state.key),
      keyFile:
        output.state.keyFile === undefined ? undefined : resolvePath(dir, output.state.keyFile),
    },
    bus: {
      embedded: output.source.definition.name === EMBEDDED_SOURCE,
      bytesMax: output.bus.maxBytes,
      retention: output.bus.retention,
    },
    backup: backupSettingsOf(output.backup, context),
    secrets,
  };
}
