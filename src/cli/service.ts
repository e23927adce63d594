import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { EventLog } from "../core/event-log.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { PRIVATE } from "../core/private.ts";
import { type Settings, shareOf } from "../core/settings.ts";
import { secondsOf } from "../core/time.ts";
import { windowText } from "../core/window-text.ts";
import type { ServiceControl } from "../pipeline/control.ts";
import { journaled } from "../pipeline/journaled-source.ts";
import { OwnMetrics, type SendMetrics } from "../pipeline/own-metrics.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import { LivePipelineView } from "../pipeline/pipeline-view.ts";
import { realClock } from "../pipeline/real-clock.ts";
import type { ScheduledBackups } from "../state/backup/schedule.ts";
import { openJournal } from "../state/journal.ts";
import { sealOf } from "../state/seal.ts";
import { State } from "../state/state.ts";
import { checkUnfinished } from "../state/state-file.ts";
import { createLiveFeed, createStatusApp } from "../status/app.ts";
import { serve } from "../status/serve.ts";
import { scheduledBackups } from "./backup-target.ts";
import { type OpenBus, openBus } from "./open-bus.ts";
import { checkOpenFiles, refuseWhenFull } from "./open-files.ts";
import type { Terminal } from "./terminal.ts";
import { accessKeptIn } from "./token-file.ts";
import { version } from "./version.ts";

export interface ServiceOptions {
  readonly terminal: Terminal;
  readonly logger: Logger;
  readonly stop: AbortSignal;
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
        logger,
        stopping: stop,
      })
    : undefined;
  try {
    const { definition, options: source } = settings.source;
    // What a source hands over once only is written down before it counts.
    const journal =
      definition.replay(source) === "none" ? await openOwnJournal(settings, logger) : undefined;
    const read = journal === undefined ? settings.source : journaled(settings.source, journal);
    try {
      const state = openState(settings);
      try {
        const backups = scheduledBackups(settings, logger);
        await runWith({ ...settings, source: read }, { ...options, bus, state, backups });
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
  options: ServiceOptions & {
    bus: OpenBus | undefined;
    state: State;
    backups: ScheduledBackups | undefined;
  },
): Promise<void> {
  const { logger, stop, bus, state, backups } = options;
  const pipeline = new Pipeline(settings, {
    clock: realClock,
    logger,
    state,
    log: bus?.events,
    random: Math.random,
  });
  const kept = accessKeptIn({ folder: settings.state.dir, status: settings.status });
  const view = new LivePipelineView(pipeline, version, backups);
  const control = controlOf(pipeline, backups);
  const feed = createLiveFeed(
    { view, control, secrets: settings.secrets },
    randomUUID().slice(0, 8),
  );
  const app = createStatusApp({
    view,
    control,
    feed,
    access: kept.access,
    mounts: bus === undefined ? {} : { "/vabus": bus.app },
    logger,
    secrets: settings.secrets,
  });
  const server = await serve(app, { ...settings.status, logger });
  const ended = new AbortController();
  const background = [
    sendOwnMetrics(pipeline, { bus, logger, signal: AbortSignal.any([stop, ended.signal]) }),
  ];
  background.push(
    refuseWhenFull(server, {
      clock: realClock,
      logger,
      signal: AbortSignal.any([stop, ended.signal]),
    }),
  );
  // While rows are still delivered somebody may be looking.
  background.push(feed.run(realClock, ended.signal));
  if (backups !== undefined) background.push(backups.run(AbortSignal.any([stop, ended.signal])));
  try {
    const { mode } = kept.access;
    announce(settings, { terminal: options.terminal, url: server.url, mode });
    const token = kept.announce();
    if (token !== undefined) options.terminal.say(`  token    ${token}`);
    const around = options.around?.(server.url, AbortSignal.any([stop, ended.signal]));
    if (around !== undefined) background.push(around);
    await pipeline.run(stop);
  } finally {
    ended.abort();
    await Promise.all(background);
    await server.stop();
  }
}

/** What an operator may do over HTTP. */
function controlOf(pipeline: Pipeline, backups: ScheduledBackups | undefined): ServiceControl {
  return {
    pause: async () => pipeline.pause(),
    resume: async () => pipeline.resume(),
    checkpoint: () => pipeline.checkpoint(),
    ...(backups === undefined ? {} : { backup: () => backups.makeNow() }),
  };
}

/** Own metrics go back to the bus that the events come from; without a bus they are on the status page. */
async function sendOwnMetrics(
  pipeline: Pipeline,
  parts: {
    readonly bus: OpenBus | undefined;
    readonly logger: Logger;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { settings, clock } = pipeline;
  const { definition, options } = settings.source;
  const { bus, logger, signal } = parts;
  const send: SendMetrics | undefined =
    bus === undefined
      ? definition.sendMetrics &&
        ((metrics, limit) =>
          definition.sendMetrics!(options, metrics, { clock, logger: silentLogger }, limit))
      : async (metrics) => {
          const lines = metrics.map((metric) => `${JSON.stringify(metric)}\n`).join("");
          await bus.metrics.append(new TextEncoder().encode(lines), metrics.length);
        };
  if (send === undefined) return;
  const { everyMs } = settings.metrics;
  await new OwnMetrics(pipeline, { everyMs, send, logger, random: Math.random }).run(signal);
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
