import type { ConfigIssue } from "../core/errors.ts";
import { type Settings, type SinkSettings, shareOf } from "../core/settings.ts";
import { durationMicros, formatDuration } from "../core/time.ts";
import { comparedRules, type Difference, type RuleChange, ruleChanges } from "./rule-changes.ts";

export interface SinkChange {
  readonly sink: string;
  readonly kind: "added" | "removed" | "changed";
  /** Options that differ: names alone, since the values may be secrets. */
  readonly options: readonly string[];
}

/** What differs between the settings in force and others. */
export interface SettingsChanges {
  readonly rules: readonly RuleChange[];
  readonly sinks: readonly SinkChange[];
  /** Names of the options of the source that differ. */
  readonly source: readonly string[];
  /** What else differs and can be put in force at once. */
  readonly others: readonly Difference[];
  /** What cannot change while the service runs. */
  readonly restart: readonly ConfigIssue[];
}

export function settingsChanges(before: Settings, after: Settings): SettingsChanges {
  return {
    rules: ruleChanges(comparedRules(before.rules), comparedRules(after.rules)),
    sinks: sinkChanges(before.sinks, after.sinks),
    source: optionsThatDiffer(before.source.options, after.source.options),
    others: otherDifferences(before, after),
    restart: restartIssues(before, after),
  };
}

export function isSame(changes: SettingsChanges): boolean {
  const { rules, sinks, source, others, restart } = changes;
  const isSameRule = ({ kind }: RuleChange): boolean => kind === "same";
  return rules.every(isSameRule) && [sinks, source, others, restart].every((list) => !list.length);
}

function sinkChanges(
  before: readonly SinkSettings[],
  after: readonly SinkSettings[],
): SinkChange[] {
  const changes: SinkChange[] = [];
  for (const { name: sink, definition, options } of after) {
    const old = before.find(({ name }) => name === sink);
    if (old === undefined) {
      changes.push({ sink, kind: "added", options: [] });
      continue;
    }
    const differing = [
      ...(old.definition.name === definition.name ? [] : ["kind"]),
      ...optionsThatDiffer(old.options, options),
    ];
    if (differing.length > 0) changes.push({ sink, kind: "changed", options: differing });
  }
  for (const { name: sink } of before) {
    if (after.every(({ name }) => name !== sink)) {
      changes.push({ sink, kind: "removed", options: [] });
    }
  }
  return changes;
}

function optionsThatDiffer(before: unknown, after: unknown): string[] {
  const [old, now] = [partsOf(before), partsOf(after)];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => old.get(name) !== now.get(name));
}

/** The options as texts, by their names. */
function partsOf(options: unknown): Map<string, string | undefined> {
  // Of any kind of source or sink: nobody here looks into what it holds.
  const entries = Object.entries((options ?? {}) as Readonly<Record<string, unknown>>);
  return new Map(entries.map(([name, value]) => [name, JSON.stringify(value, asText)]));
}

/** What JSON would leave out. */
function asText(_key: string, value: unknown): unknown {
  if (typeof value === "function" || typeof value === "bigint") return String(value);
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map || value instanceof Set) return [...value];
  return value;
}

/** Values that are shown, by their names in the configuration; and those that are not. */
function shownOf(settings: Settings): Readonly<Record<string, string>> {
  const { time, dedupe, metrics, state, functions = [] } = settings;
  const { checkpointEveryMs, outboxBytesMax, shutdownMsMax } = state;
  const millis = (ms: number | undefined): string =>
    ms === undefined ? "default" : formatDuration(durationMicros(ms * 1000));
  const duration = (value: typeof time.idleTimeout): string =>
    value === "off" ? value : formatDuration(value);
  return {
    functions: functions.join(", "),
    "time.outOfOrderness": duration(time.outOfOrderness),
    "time.idleTimeout": duration(time.idleTimeout),
    "time.maxFuture": duration(time.maxFuture),
    "time.maxPartitionSkew": duration(time.maxPartitionSkew),
    "time.timestampUnit": time.timestampUnit,
    "time.minTimestamp": String(time.minTimestamp / 1e6),
    "time.maxTimestamp": String(time.maxTimestamp / 1e6),
    "dedupe.for": duration(dedupe.for),
    "dedupe.maxIds": String(dedupe.idsMax),
    "metrics.every": millis(metrics.everyMs),
    "state.checkpointEvery": millis(checkpointEveryMs),
    "state.maxOutboxBytes": String(outboxBytesMax ?? "default"),
    "state.shutdownTimeout": millis(shutdownMsMax),
  };
}

function secretOf({ status, backup, metrics, log }: Settings): Readonly<Record<string, string>> {
  return {
    "status.token": String(status.token),
    "status.tokens": JSON.stringify(status.tokens ?? []),
    "status.tls": JSON.stringify(status.tls) ?? "",
    "status.oidc": JSON.stringify(status.oidc) ?? "",
    "status.sessionTimeout": String(status.sessionMs),
    backup: JSON.stringify(backup) ?? "",
    "metrics.otlp": JSON.stringify(metrics.otlp) ?? "",
    log: JSON.stringify(log) ?? "",
  };
}

function otherDifferences(before: Settings, after: Settings): Difference[] {
  const [old, now] = [shownOf(before), shownOf(after)];
  const shown = Object.keys(now)
    .filter((what) => old[what] !== now[what])
    .map((what): Difference => ({ what, before: old[what]!, after: now[what]! })); // the same names
  const [oldSecret, nowSecret] = [secretOf(before), secretOf(after)];
  const hidden = Object.keys(nowSecret)
    .filter((what) => oldSecret[what] !== nowSecret[what])
    .map((what): Difference => ({ what, before: "as it was", after: "as it is now" }));
  return [...shown, ...hidden, ...namedDifferences(before, after)];
}

/** Alerts and notifiers, by their names: the latter hold secrets. */
function namedDifferences(before: Settings, after: Settings): Difference[] {
  return (["alerts", "notifiers"] as const).flatMap((part) => {
    const [old, now] = [before, after].map(
      (settings) =>
        new Map((settings[part] ?? []).map((one) => [one.name, JSON.stringify(one, asText)])),
    ) as [Map<string, string>, Map<string, string>]; // of the two
    const names = new Set([...old.keys(), ...now.keys()]);
    return [...names]
      .filter((name) => old.get(name) !== now.get(name))
      .map((name) => ({
        what: `${part}.${name}`,
        before: old.has(name) ? "as it was" : "none",
        after: now.has(name) ? "as it is now" : "none",
      }));
  });
}

function restartIssues(before: Settings, after: Settings): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const fixed = (path: string, values: readonly [unknown, unknown], why: string): void => {
    const [old, now] = values.map((value) => JSON.stringify(value));
    if (old !== now) issues.push({ path, message: `cannot change while the service runs: ${why}` });
  };
  const { source: from } = before;
  const { source: to } = after;
  const both = <Value>(of: (settings: Settings) => Value): [Value, Value] => [
    of(before),
    of(after),
  ];
  fixed("name", [before.name, after.name], "it is part of every row id and of the state; restart");
  fixed("state.dir", [before.state.dir, after.state.dir], "the state is open; restart");
  fixed("state.key", both(keyOf), "change it by aggregator rekey while the service is stopped");
  fixed("status.host", [before.status.host, after.status.host], "it is being listened on; restart");
  fixed("status.port", [before.status.port, after.status.port], "it is being listened on; restart");
  const loopback = (settings: Settings): unknown => settings.status.loopback ?? "open";
  fixed("status.loopback", both(loopback), "it decides who is asked for a token; restart");
  const listens = ({ status: { tls } }: Settings): unknown =>
    tls === undefined ? "http" : [tls.clientCa !== undefined && tls.clientCertificates];
  fixed("status.tls", both(listens), "it is being listened on so; restart");
  fixed("bus", both(busOf), "the journal of the embedded bus is open; restart");
  fixed("source", both(kindOf), "the cursor that is kept is one of the source as it was; restart");
  fixed("source", [shareOf(from), shareOf(to)], "the state belongs to one share; restart");
  const isPipe = from.definition.replay(from.options) === "pipe";
  const options = optionsThatDiffer(from.options, to.options);
  fixed("source", [[], isPipe ? options : []], "it cannot be read again; restart");
  // One reason for one setting is enough.
  return issues.filter(({ path }, i) => issues.findIndex((one) => one.path === path) === i);
}

/** Only to be compared. */
function keyOf({ state }: Settings): string | undefined {
  return state.key === undefined ? undefined : Buffer.from(state.key).toString("base64");
}

function busOf({ bus }: Settings): unknown {
  return bus.embedded ? [bus.bytesMax, bus.retention] : [];
}

function kindOf({ source, bus }: Settings): unknown {
  return [source.definition.name, source.definition.replay(source.options), bus.embedded];
}
