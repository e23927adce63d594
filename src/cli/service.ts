import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { EventLog } from "../core/event-log.ts";
import { type LogFields, type Logger, partOf } from "../core/logger.ts";
import { PRIVATE } from "../core/private.ts";
import { type Settings, shareOf } from "../core/settings.ts";
import { secondsOf } from "../core/time.ts";
import { windowText } from "../core/window-text.ts";
import { journaled } from "../pipeline/journaled-source.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { openJournal } from "../state/journal.ts";
import { sealOf } from "../state/seal.ts";
import { State } from "../state/state.ts";
import { checkUnfinished } from "../state/state-file.ts";
import { serve } from "../status/serve.ts";
import type { Doorbell } from "./doorbell.ts";
import { LiveService, type LiveServiceParts } from "./live-service.ts";
import type { Log } from "./log.ts";
import { openBus } from "./open-bus.ts";
import { checkOpenFiles, refuseWhenFull } from "./open-files.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

export interface ServiceOptions {
  readonly terminal: Terminal;
  readonly logger: Log;
  readonly stop: AbortSignal;
  /** How the configuration is read anew, and who asks for it; undefined: it is read at the start alone. */
  readonly reload?: { readonly load: () => Promise<Settings>; readonly asked: Doorbell };
  /** Runs beside the pipeline from when the service can be reached, until `signal` aborts. Never rejects. */
  readonly around?: (url: string, signal: AbortSignal) => Promise<void>;
}

/**
 * Runs the whole service: state, bus, status page and pipeline. Resolves when the pipeline has ended,
 * by `stop` or because its source did.
 *
 * @throws {FatalError} Some part cannot go on.
 */
export async function runService(settings: Settings, options: ServiceOptions): Promise<void> {
  const { logger, stop } = options;
  const { dir } = settings.state;
  checkOpenFiles();
  mkdirSync(dir, { recursive: true, mode: PRIVATE.folder });
  checkUnfinished(dir);
  const bus = settings.bus.embedded
    ? await openBus({
        settings,
        dir: join(dir, "bus"),
        reader: "in-process",
        clock: realClock,
        logger: partOf(logger, "bus"),
        stopping: stop,
      })
    : undefined;
  try {
    const { definition, options: source } = settings.source;
    // What a source hands over once only is written down before it counts.
    const journal =
      definition.replay(source) === "none" ? await openOwnJournal(settings, logger) : undefined;
    const prepare = (inForce: Settings): Settings =>
      journal === undefined ? inForce : { ...inForce, source: journaled(inForce.source, journal) };
    try {
      const state = openState(settings);
      try {
        await runWith(settings, { ...options, bus, state, prepare });
      } finally {
        state.close();
      }
    } finally {
      await journal?.close();
    }
  } finally {
    await bus?.close();
  }
}

function openOwnJournal({ state, bus }: Settings, logger: Logger): Promise<EventLog> {
  return openJournal({
    folder: join(state.dir, "journal"),
    clock: realClock,
    logger,
    bytesMax: bus.bytesMax,
    retentionMs: 0,
    reader: "in-process",
    seal: sealOf(state.key),
  });
}

function openState({ name, state, sinks, source }: Settings): State {
  const { dir, outboxBytesMax } = state;
  return State.open({
    dir,
    pipeline: name,
    share: shareOf(source),
    sinks: sinks.map((sink) => sink.name),
    now: secondsOf(realClock.now()),
    seal: sealOf(state.key),
    ...(outboxBytesMax === undefined ? {} : { outboxBytesMax }),
  });
}

async function runWith(
  settings: Settings,
  options: ServiceOptions & Pick<LiveServiceParts, "bus" | "state" | "prepare">,
): Promise<void> {
  const { terminal, logger, stop, bus, state, prepare, reload } = options;
  const load = reload?.load;
  const service = new LiveService(settings, { bus, state, prepare, load, terminal, logger });
  const server = await serve(service, { ...settings.status, logger });
  service.url = server.url;
  const ended = new AbortController();
  const background = [
    refuseWhenFull(server, {
      clock: realClock,
      logger,
      signal: AbortSignal.any([stop, ended.signal]),
    }),
    // While rows are still delivered somebody may be looking.
    service.feed.run(realClock, ended.signal),
    service.loopDelay.run(realClock, ended.signal),
    service.tapFeed.run(realClock, ended.signal),
  ];
  try {
    const { access } = service;
    announce(settings, { terminal, url: server.url, mode: access.access.mode });
    for (const { label, text } of access.announce()) {
      terminal.say(`  ${label.padEnd(9)}${text}`);
    }
    logger.info("The service runs.", startOf(settings, { url: server.url, state }));
    service.onCertificate = (files) => server.useCertificate?.(files);
    const around = options.around?.(server.url, AbortSignal.any([stop, ended.signal]));
    if (around !== undefined) background.push(around);
    sayPaused(state, logger);
    reload?.asked.answer(() => service.hangUp());
    await service.run(stop);
  } finally {
    ended.abort();
    await Promise.all(background);
    await server.stop();
  }
}

/** What runs, for whoever has nothing but the log. */
function startOf(
  { name, origin, source, rules, sinks }: Settings,
  { url, state }: { readonly url: string; readonly state: State },
): LogFields {
  return {
    pipeline: name,
    version,
    configuration: origin,
    url,
    source: source.definition.name,
    rules: rules.map((rule) => rule.name),
    sinks: sinks.map((sink) => sink.name),
    // Numbers of batches and checkpoints begin with it.
    epoch: state.epoch,
    cursor: state.cursor ?? null,
  };
}

/** Who starts a service that reads nothing should not have to search for the reason. */
function sayPaused({ pausedSince }: State, logger: Logger): void {
  if (pausedSince === undefined) return;
  logger.warn("It was paused by an operator: nothing is read until POST /control/resume.", {
    since: new Date(pausedSince * 1000).toISOString(),
  });
}

/** Tells a person what runs and where to look. */
function announce(
  settings: Settings,
  { terminal, url, mode }: { terminal: Terminal; url: string; mode: "open" | "token" },
): void {
  const { definition, options } = settings.source;
  const rules = settings.rules.map(({ name, window }) => `${name} (${windowText(window)})`);
  const sinks = settings.sinks.map((sink) => {
    return `${sink.name} (${sink.definition.name}: ${sink.definition.describe(sink.options)})`;
  });
  const curl = mode === "open" ? "curl" : `curl -H "Authorization: Bearer $TOKEN"`;
  terminal.say(`Pipeline ${settings.name}, configured by ${settings.origin}`);
  terminal.say(`  reads    ${definition.name}: ${definition.describe(options)}`);
  if (settings.bus.embedded) terminal.say(`  takes    POST ${url}/vabus/events`);
  terminal.say(`  windows  ${rules.join(", ")}`);
  terminal.say(`  writes   ${sinks.join(", ")}`);
  terminal.say(`  shows    ${url}/ in a browser`);
  terminal.say(`  status   ${curl} ${url}/status`);
}
