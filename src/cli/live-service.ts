import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Hono } from "hono";
import type { Alerts } from "../alerts/alerts.ts";
import { BUS_ROUTES } from "../bus/routes.ts";
import { isFenced, messageOf } from "../core/errors.ts";
import { partOf, silentLogger } from "../core/logger.ts";
import type { Settings, TlsFiles } from "../core/settings.ts";
import type { ServiceControl } from "../pipeline/control.ts";
import { METRICS } from "../pipeline/metrics/catalog.ts";
import { LoopDelay } from "../pipeline/metrics/collect-process.ts";
import { OtlpCounts, type OtlpPush } from "../pipeline/metrics/otlp-push.ts";
import { OwnMetrics, type SendMetrics } from "../pipeline/own-metrics.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { LivePipelineView } from "../pipeline/pipeline-view.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { replayLetters } from "../pipeline/replay-letters.ts";
import { Succession } from "../pipeline/succession.ts";
import type { ScheduledBackups } from "../state/backup/schedule.ts";
import type { State } from "../state/state.ts";
import type { Peer } from "../status/access/peer.ts";
import { createLiveFeed, createStatusApp } from "../status/app.ts";
import type { LiveFeed } from "../status/live-feed.ts";
import { RequestMeter } from "../status/request-meter.ts";
import { TapFeed } from "../status/tap-feed.ts";
import { alertControl } from "./alert-control.ts";
import { alertMetrics, alertService, alertSettingsOf } from "./alert-service.ts";
import { scheduledBackups } from "./backup-target.ts";
import type { Log } from "./log.ts";
import type { OpenBus } from "./open-bus.ts";
import { otlpPushOf } from "./otlp-target.ts";
import { Reloads } from "./reloads.ts";
import { ServiceAccess } from "./service-access.ts";
import { collectService } from "./service-metrics.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

export interface LiveServiceParts {
  readonly bus: OpenBus | undefined;
  readonly state: State;
  /** What the pipeline reads in place of the source that is configured. */
  readonly prepare: (settings: Settings) => Settings;
  /** Reads the configuration anew; undefined: this service cannot. */
  readonly load: (() => Promise<Settings>) | undefined;
  readonly terminal: Terminal;
  readonly logger: Log;
}

/** Everything of a service that follows the settings in force, behind one handler of requests. */
export class LiveService {
  readonly feed: LiveFeed;
  /** Told when other files of `status.tls` are in force. */
  onCertificate: (files: TlsFiles) => void = () => {};
  /** Where it is served, once it is. */
  url: string | undefined;
  readonly tapFeed: TapFeed;
  readonly control: ServiceControl;
  readonly loopDelay = new LoopDelay();
  readonly #meter = new RequestMeter({
    bounds: METRICS.aggregator_http_request_seconds.bounds,
    nowMs: () => realClock.monotonicMs(),
  });
  readonly #otlp = new OtlpCounts();
  readonly #parts: LiveServiceParts;
  readonly #succession: Succession;
  readonly #reloads: Reloads | undefined;
  readonly #view: LivePipelineView;
  /** Of every configuration there was: an old one may still be in some message. */
  readonly #secrets: string[];
  readonly #alerts: Alerts;
  /** Those that all of this goes by. */
  #followed: Settings;
  readonly #access: ServiceAccess;
  #app: Hono;
  #backups: ScheduledBackups | undefined;
  /** Ends what runs beside the pipeline under the settings in force. */
  #metricsOver = new AbortController();
  #otlpOver = new AbortController();
  #backupsOver = new AbortController();
  readonly #background = new Set<Promise<void>>();
  /** Ends what runs beside the pipeline for good; undefined until it runs. */
  #over: AbortSignal | undefined;

  /** @throws {FatalError} What is kept of the access cannot be read. */
  constructor(settings: Settings, parts: LiveServiceParts) {
    const { logger, load, prepare, state, bus } = parts;
    this.#parts = parts;
    this.#followed = settings;
    this.#secrets = [...settings.secrets];
    this.#succession = new Succession(settings, {
      clock: realClock,
      logger,
      state,
      log: bus?.events,
      random: Math.random,
      prepare,
      onRows: (rows, watermark) => this.#alerts.rows(rows, watermark),
      onChange: (changed) => this.#follow(changed),
      onFailure: (failure) => this.#reloads?.failed(failure),
    });
    const { status, state: kept } = settings;
    this.#access = new ServiceAccess({
      folder: kept.dir,
      status,
      clock: realClock,
      logger: partOf(logger, "http"),
    });
    this.#backups = scheduledBackups(settings, partOf(logger, "backup"));
    if (load !== undefined) {
      this.#reloads = new Reloads({
        load,
        inForce: () => this.settings,
        change: (changed) => this.#change(changed),
        logger: partOf(logger, "control"),
      });
    }
    this.control = this.#makeControl();
    this.#view = new LivePipelineView(
      () => this.#succession.current,
      version,
      () => ({ backup: this.#backups, configuration: this.#reloads, alerts: this.#alerts }),
      (set) =>
        collectService(set, {
          pipeline: this.settings.name,
          loopDelay: this.loopDelay,
          meter: this.#meter,
          bus,
          backups: this.#backups,
          reloads: this.#reloads,
          otlp: this.settings.metrics.otlp === undefined ? undefined : this.#otlp,
          log: logger,
          alerts: this.#alerts.counts(),
        }),
      () => this.#alerts.report(),
    );
    this.#alerts = alertService(settings, {
      view: this.#view,
      state,
      logger: partOf(logger, "alerts"),
      url: () => this.url,
    });
    const { control } = this;
    const seen = { view: this.#view, control, secrets: this.#secrets, logger };
    const run = randomUUID().slice(0, 8);
    this.feed = createLiveFeed(seen, run);
    // A reload hands the tap on to the next pipeline.
    this.tapFeed = new TapFeed({
      view: this.#view,
      tap: this.#succession.current.tap,
      run,
      onFailure: (failure) =>
        logger.error("Those who look at passing events could not be told.", {
          error: messageOf(failure),
        }),
    });
    this.#app = this.#makeApp();
  }

  /** Those in force. */
  get settings(): Settings {
    return this.#succession.settings;
  }

  get access(): ServiceAccess {
    return this.#access;
  }

  fetch(request: Request, peer: Peer): Response | Promise<Response> {
    return this.#app.fetch(request, peer);
  }

  /** Somebody asked by a signal: whatever comes of it is told in the log. */
  hangUp(): void {
    // The log and the health of the service have told why.
    this.#reloads?.reload().catch(() => {});
  }

  /**
   * Runs until the source ends or `stop` aborts.
   *
   * @throws {FatalError} Some part cannot go on.
   */
  async run(stop: AbortSignal): Promise<void> {
    const ended = new AbortController();
    this.#over = AbortSignal.any([stop, ended.signal]);
    this.#sendMetrics();
    this.#pushMetrics();
    this.#makeBackups();
    this.#beside(this.#alerts.run(this.#over));
    let failed: "fenced" | "failed" | undefined;
    try {
      await this.#succession.run(stop);
    } catch (failure) {
      failed = isFenced(failure) ? "fenced" : "failed";
      throw failure;
    } finally {
      ended.abort();
      await Promise.all(this.#background);
      await this.#alerts.close(failed);
    }
  }

  async #change(settings: Settings): Promise<void> {
    const { definition, options } = settings.source;
    // One that cannot be read is a reason to leave everything as it is.
    this.#otlpPush(settings);
    this.#secrets.push(...settings.secrets.filter((secret) => !this.#secrets.includes(secret)));
    await this.#succession.change(settings, {
      keepsReader:
        definition.replay(options) !== "cursor" &&
        isDeepStrictEqual(options, this.settings.source.options),
    });
  }

  /** Other settings are in force: for the first time, or again. */
  #follow(settings: Settings): void {
    const { bus, terminal, logger } = this.#parts;
    const before = this.#followed;
    this.#followed = settings;
    logger.follow(settings.log);
    bus?.follow(settings);
    this.#alerts.follow(alertSettingsOf(settings));
    if (!isDeepStrictEqual(settings.status, before.status)) {
      this.#access.follow(settings.status);
      for (const { label, text } of this.#access.announce()) {
        terminal.say(`  ${label.padEnd(9)}${text}`);
      }
      if (settings.status.tls?.files !== undefined) this.onCertificate(settings.status.tls.files);
    }
    if (!isDeepStrictEqual(settings.backup, before.backup)) {
      this.#backupsOver.abort();
      this.#backupsOver = new AbortController();
      this.#backups = scheduledBackups(settings, partOf(logger, "backup"));
      this.#makeBackups();
    }
    this.#metricsOver.abort();
    this.#metricsOver = new AbortController();
    this.#sendMetrics();
    if (!isDeepStrictEqual(settings.metrics.otlp, before.metrics.otlp)) {
      this.#otlpOver.abort();
      this.#otlpOver = new AbortController();
      this.#pushMetrics();
    }
    this.#app = this.#makeApp();
  }

  #makeApp(): Hono {
    const { bus, logger } = this.#parts;
    return createStatusApp({
      view: this.#view,
      control: this.control,
      feed: this.feed,
      tapFeed: this.tapFeed,
      access: this.#access.access,
      mounts: bus === undefined ? {} : { "/vabus": { app: bus.app, routes: BUS_ROUTES } },
      meter: this.#meter,
      logger,
      secrets: this.#secrets,
    });
  }

  /** What an operator may do over HTTP: what there is of it hangs on the settings in force. */
  #makeControl(): ServiceControl {
    const backups = (): ScheduledBackups | undefined => this.#backups;
    const reloads = this.#reloads;
    const succession = this.#succession;
    return {
      pause: async () => succession.current.pause(),
      resume: async () => succession.current.resume(),
      checkpoint: () => succession.current.checkpoint(),
      // Asked of the pipeline in force: a reload may have put another one in the place of the first.
      replayDeadLetters: (query) => replayLetters(succession.current, query),
      purgeDeadLetters: async (query) => succession.current.store.purge(query),
      get backup() {
        const present = backups();
        return present === undefined ? undefined : () => present.makeNow();
      },
      ...alertControl(
        () => this.#alerts,
        () => alertSettingsOf(this.settings),
      ),
      ...(reloads === undefined ? {} : { reload: () => reloads.reload() }),
    };
  }

  #makeBackups(): void {
    if (this.#over === undefined || this.#backups === undefined) return;
    this.#beside(this.#backups.run(AbortSignal.any([this.#over, this.#backupsOver.signal])));
  }

  /** Own metrics go back to the bus that the events come from; without a bus they are on the status page. */
  #sendMetrics(): void {
    if (this.#over === undefined) return;
    const { bus, logger } = this.#parts;
    const pipeline = this.#succession.current;
    const send = bus === undefined ? sendingOf(pipeline) : sendingTo(bus);
    if (send === undefined) return;
    const { everyMs } = pipeline.settings.metrics;
    const signal = AbortSignal.any([this.#over, this.#metricsOver.signal]);
    const metrics = new OwnMetrics(pipeline, {
      everyMs,
      send,
      logger: partOf(logger, "metrics"),
      random: Math.random,
      more: () => alertMetrics(this.#alerts.counts()),
    });
    this.#beside(metrics.run(signal));
  }

  /** @throws {FatalError} The certificate cannot be read. */
  #otlpPush(settings: Settings): OtlpPush | undefined {
    return otlpPushOf(settings, {
      collect: () => this.#view.metrics(),
      counts: this.#otlp,
      logger: partOf(this.#parts.logger, "metrics"),
    });
  }

  #pushMetrics(): void {
    if (this.#over === undefined) return;
    const push = this.#otlpPush(this.settings);
    if (push === undefined) return;
    this.#beside(push.run(AbortSignal.any([this.#over, this.#otlpOver.signal])));
  }

  #beside(work: Promise<void>): void {
    const done = work.finally(() => this.#background.delete(done));
    this.#background.add(done);
  }
}

/** Metrics go to the bus of the source, where it has one. */
function sendingOf({ settings, clock }: Pipeline): SendMetrics | undefined {
  const { definition, options } = settings.source;
  return (
    definition.sendMetrics &&
    ((metrics, limit) =>
      definition.sendMetrics!(options, metrics, { clock, logger: silentLogger }, limit))
  );
}

function sendingTo(bus: OpenBus): SendMetrics {
  return async (metrics) => {
    const lines = metrics.map((metric) => `${JSON.stringify(metric)}\n`).join("");
    await bus.metrics.append(new TextEncoder().encode(lines), metrics.length);
  };
}
