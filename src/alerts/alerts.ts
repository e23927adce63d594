import type { AlertSettings, NotifierSettings } from "../core/alert-settings.ts";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { ALERT_HISTORY_MAX } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { OutsideCalls } from "../core/outside-calls.ts";
import type { ResultRow } from "../core/result.ts";
import { secondsOf } from "../core/time.ts";
import type {
  AlertReport,
  NotifierView,
  PipelineView,
  ResolvedAlert,
  Silence,
  SilenceRequest,
} from "../pipeline/view.ts";
import { clockOf } from "./alert-clock.ts";
import { Book, type StoredEntry } from "./book.ts";
import { Evaluator, type StoredAlert } from "./evaluator.ts";
import { incidentOf, resolvedOf, textsOf } from "./incident.ts";
import { type Change, Instances } from "./instances.ts";
import { samplesOfText } from "./metric-text.ts";
import { microsOf } from "./micros.ts";
import { Notifier } from "./notifier.ts";
import { type AlertCount, countsOf, reportOf } from "./report.ts";
import { Signals } from "./signals.ts";
import { Silences } from "./silences.ts";
import { WallClock } from "./wall-clock.ts";

/** What of the settings the alerts go by. */
export interface AlertsSettings {
  /** Of the pipeline. */
  readonly name: string;
  readonly alerts: readonly AlertSettings[];
  readonly notifiers: readonly NotifierSettings[];
  readonly secrets: readonly string[];
}

export interface AlertsOptions {
  readonly view: Pick<PipelineView, "vitals" | "prometheus">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Carries the calls to one notifier. */
  readonly callsTo: (notifier: string) => OutsideCalls;
  /** Keeps what outlives the process. */
  readonly store: AlertStore;
  /** Free share of the disk of the state; undefined: not known. */
  readonly diskFree: () => number | undefined;
  /** Where the page of the alerts is. */
  readonly link: () => string;
  /** Makes what names a silence. */
  readonly newId: () => string;
}

export interface AlertCounts {
  /** In the order of the configuration. */
  readonly rules: readonly AlertCount[];
  readonly notifiers: readonly NotifierView[];
}

export interface AlertStore {
  /** Undefined: nothing was kept yet. */
  read(): string | undefined;
  /** @throws It cannot be kept now. */
  write(text: string): void;
}

interface Stored {
  readonly version: 1;
  readonly alerts: readonly StoredAlert[];
  readonly silences: readonly Silence[];
  readonly book: readonly StoredEntry[];
  readonly resolved: readonly ResolvedAlert[];
}

const EVERY_MS = 1_000;

/** The exposition is made for it alone: some milliseconds of work. */
const METRICS_EVERY_TICKS = 5;

const KEEP_EVERY_TICKS = 60;

/** What a last message may take when the service goes down. */
const LAST_WORDS_MS = 5_000;

/** The alerts of a running service: looked at once a second, told to whoever is to know, kept over a restart. */
export class Alerts {
  readonly #options: AlertsOptions;
  readonly #silences = new Silences();
  readonly #book = new Book();
  readonly #signals = new Signals();
  #settings: AlertsSettings;
  #evaluator: Evaluator;
  #notifiers: readonly Notifier[];
  #resolved: ResolvedAlert[] = [];
  /** Ends the notifiers of settings that are gone. */
  #notifiersOver = new AbortController();
  #running: { readonly signal: AbortSignal; readonly work: Set<Promise<void>> } | undefined;
  #isDirty = false;
  #hasStoreFailed = false;
  #hasRowsFailed = false;
  #ticks = 0;
  readonly #wallClock: WallClock;

  constructor(settings: AlertsSettings, options: AlertsOptions) {
    this.#options = options;
    this.#settings = settings;
    this.#evaluator = new Evaluator(settings.alerts);
    this.#wallClock = new WallClock(options.clock);
    this.#notifiers = this.#makeNotifiers();
    this.#restore();
  }

  /** Rows fired. Never throws. @param watermark Unix seconds; infinite behind the end of the input. */
  rows(rows: readonly ResultRow[], watermark: number): void {
    if (!this.#evaluator.wantsRows) return;
    try {
      this.#evaluator.rows(rows, microsOf(watermark));
    } catch (failure) {
      if (!this.#hasRowsFailed) this.#note("Alerts could not look at some rows.", failure);
      this.#hasRowsFailed = true;
    }
  }

  /** Looks once a second and tells, until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#running = { signal, work: new Set() };
    this.#startNotifiers();
    while (!signal.aborted) {
      try {
        await this.tick();
      } catch (failure) {
        this.#note("Alerts could not be looked at; it is tried again.", failure);
      }
      await clock.sleep(EVERY_MS, signal);
    }
    await Promise.all(this.#running.work);
  }

  /** One look. */
  async tick(): Promise<void> {
    const { view, clock, diskFree } = this.#options;
    this.#followClock();
    const vitals = view.vitals();
    const now = clock.now();
    if (vitals.watermark !== null) this.#evaluator.advance(microsOf(vitals.watermark));
    const signal = this.#signals.of(vitals, { diskFree: diskFree() });
    this.#evaluator.sample({ signal }, now);
    if (this.#evaluator.wantsMetrics && this.#ticks % METRICS_EVERY_TICKS === 0) {
      const text = await view.prometheus();
      this.#evaluator.sample({ metric: samplesOfText(text, this.#metricNames()) }, now);
    }
    this.#ticks++;
    // When series came last is no change, and yet worth to be known after a crash.
    this.#isDirty ||= this.#evaluator.wantsRows && this.#ticks % KEEP_EVERY_TICKS === 0;
    this.#settle();
  }

  /** Other settings are in force. What means the same goes on; what is gone is resolved. */
  follow(settings: AlertsSettings): void {
    this.#settle();
    const before = new Map(this.#settings.alerts.map((alert) => [alert.name, alert]));
    this.#settings = settings;
    const evaluator = this.#evaluator;
    this.#evaluator = new Evaluator(settings.alerts);
    const gone = this.#evaluator.follow(evaluator);
    for (const one of gone) {
      const old = before.get(one.name);
      if (old !== undefined) this.#end(old, one);
    }
    this.#book.keepNotifiers(new Set(settings.notifiers.map(({ name }) => name)));
    this.#notifiersOver.abort();
    this.#notifiersOver = new AbortController();
    this.#notifiers = this.#makeNotifiers();
    this.#isDirty = true;
    this.#settle();
    this.#startNotifiers();
  }

  /**
   * The service goes down: what is still to be told is, if it does not take long, and everything is kept. To be
   * called when `run` has ended.
   *
   * @param failure By which it goes down; undefined: as it should.
   */
  async close(failure?: "fenced" | "failed"): Promise<void> {
    const { clock } = this.#options;
    if (failure !== undefined) this.#signals.failed(failure);
    try {
      if (failure === undefined) this.#settle();
      else await this.tick();
      // Of those that are away by now none is waited for.
      const reached = this.#notifiers.filter(({ problem }) => problem === undefined);
      const over = new AbortController();
      const told = new AbortController();
      void clock.sleep(LAST_WORDS_MS, told.signal).then(() => over.abort());
      await Promise.all(reached.map((notifier) => notifier.tellOnce(over.signal)));
      told.abort();
    } catch (thrown) {
      this.#note("Alerts could not be told at the end.", thrown);
    }
    this.#keep();
  }

  /** @throws {Error} There is no such alert, or no room for more. */
  silence(request: SilenceRequest): Silence {
    const { clock, newId } = this.#options;
    const now = secondsOf(clock.now());
    const silence = this.#silences.add(request, { id: newId(), now });
    if (silence === undefined) throw new Error("Cannot silence: too many silences are in force");
    this.#isDirty = true;
    this.#settle();
    return silence;
  }

  unsilence(which: {
    readonly id?: string | undefined;
    readonly name?: string | undefined;
  }): number {
    const removed = this.#silences.remove(which, secondsOf(this.#options.clock.now()));
    this.#isDirty ||= removed > 0;
    this.#settle();
    return removed;
  }

  /** Tells a notifier of an alert that is none. @throws {Error} There is none of this name, or it cannot be told. */
  async testNotifier(name: string): Promise<void> {
    const notifier = this.#notifiers.find(({ settings }) => settings.name === name);
    if (notifier === undefined) throw new Error(`Cannot test "${name}": there is no such notifier`);
    await notifier.test();
  }

  /** What is counted of all this: much less work than the report. */
  counts(): AlertCounts {
    return {
      rules: countsOf({ settings: this.#settings, evaluator: this.#evaluator }),
      notifiers: this.#notifiers.map((notifier) => notifier.view()),
    };
  }

  report(): AlertReport {
    return reportOf({
      settings: this.#settings,
      evaluator: this.#evaluator,
      silences: this.#silences,
      resolved: this.#resolved,
      notifiers: this.#notifiers.map((notifier) => notifier.view()),
      now: secondsOf(this.#options.clock.now()),
    });
  }

  /** Who cannot be told: for the health of the service. */
  get problem(): string | undefined {
    const troubled = this.#notifiers.filter(({ problem }) => problem !== undefined);
    if (troubled.length === 0) return undefined;
    return troubled
      .map(({ settings, problem }) => `notifier ${settings.name}: ${problem}`)
      .join("; ");
  }

  #settle(): void {
    const now = secondsOf(this.#options.clock.now());
    for (const change of this.#evaluator.takeChanges()) this.#take(change, now);
    const notify = this.#repeats();
    for (const { settings, instance } of this.#evaluator.active()) {
      if (instance.state !== "firing") continue;
      const { name } = settings;
      this.#book.update(name, instance.key, textsOf(settings, instance, this.#settings.name));
      const isSilenced = this.#silences.of(settings, instance.labels, now) !== undefined;
      const incident = { alert: name, key: instance.key };
      const told = new Map(settings.notify.map((one) => [one, notify.get(one)]));
      this.#book.look(incident, { now, isSilenced, notify: told });
    }
    for (const notifier of this.#notifiers) {
      if (this.#book.owedTo(notifier.settings.name, 1).length > 0) notifier.wake();
    }
    if (this.#isDirty) this.#keep();
  }

  #take(change: Change, now: number): void {
    const { logger } = this.#options;
    const { settings, labels, key, to } = change;
    const { name: alert, severity } = settings;
    this.#isDirty = true;
    if (to === "firing") {
      const incident = incidentOf(change, { now, pipeline: this.#settings.name });
      const isSilenced = this.#silences.of(settings, labels, now) !== undefined;
      this.#book.fire(incident, isSilenced ? [] : settings.notify);
      const log = severity === "info" ? logger.info.bind(logger) : logger.warn.bind(logger);
      log("An alert fires.", { alert, labels, summary: incident.summary });
    } else if (to === "resolved") {
      const incident = this.#book.resolve(alert, key, now);
      this.#resolved.unshift(resolvedOf(change, incident, this.#settings.name));
      this.#resolved.length = Math.min(this.#resolved.length, ALERT_HISTORY_MAX);
      logger.info("An alert is resolved.", { alert, labels });
    }
  }

  /** By notifier: after how many seconds what fires is said again. */
  #repeats(): Map<string, number | undefined> {
    return new Map(
      this.#settings.notifiers.map(({ name, repeatMs }) => [
        name,
        repeatMs === undefined ? undefined : repeatMs / 1000,
      ]),
    );
  }

  #end(old: AlertSettings, stored: StoredAlert): void {
    const now = secondsOf(this.#options.clock.now());
    const instances = new Instances(old, { onChange: (change) => this.#take(change, now) });
    instances.restore(stored.instances);
    instances.endAll(clockOf(old) === "event" ? undefined : microsOf(now));
  }

  #makeNotifiers(): Notifier[] {
    const { callsTo, clock, logger, link } = this.#options;
    const { notifiers, name: pipeline, secrets } = this.#settings;
    return notifiers.map((settings) => {
      const calls = callsTo(settings.name);
      const onTold = (): void => {
        this.#isDirty = true;
      };
      const own = { book: this.#book, calls, clock, logger, pipeline, secrets, link, onTold };
      return new Notifier(settings, own);
    });
  }

  #startNotifiers(): void {
    if (this.#running === undefined || this.#running.signal.aborted) return;
    const { signal, work } = this.#running;
    const over = AbortSignal.any([signal, this.#notifiersOver.signal]);
    for (const notifier of this.#notifiers) {
      const done = notifier.run(over).finally(() => work.delete(done));
      work.add(done);
    }
  }

  #metricNames(): ReadonlySet<string> {
    const names = this.#settings.alerts.map(({ when }) =>
      when.kind === "metric" ? when.metric : "",
    );
    return new Set(names);
  }

  #followClock(): void {
    const by = this.#wallClock.setBy();
    if (by === 0) return;
    this.#evaluator.shift(by);
    this.#book.clockSet(secondsOf(this.#options.clock.now()));
    this.#isDirty = true;
  }

  #keep(): void {
    const stored: Stored = {
      version: 1,
      alerts: this.#evaluator.store(),
      silences: this.#silences.store(),
      book: this.#book.store(),
      resolved: this.#resolved,
    };
    try {
      this.#options.store.write(JSON.stringify(stored));
      this.#isDirty = false;
      this.#hasStoreFailed = false;
    } catch (failure) {
      if (!this.#hasStoreFailed) this.#note("The state of the alerts cannot be kept now.", failure);
      this.#hasStoreFailed = true;
    }
  }

  #restore(): void {
    const text = this.#options.store.read();
    if (text === undefined) return;
    // Only `#keep` writes it.
    const stored = JSON.parse(text) as Stored;
    this.#silences.restore(stored.silences);
    this.#resolved = [...stored.resolved];
    this.#book.restore(stored.book);
    this.#book.clockSet(secondsOf(this.#options.clock.now()));
    this.#book.keepNotifiers(new Set(this.#settings.notifiers.map(({ name }) => name)));
    this.#evaluator.restore(stored.alerts);
    this.#evaluator.notAhead(this.#options.clock.now());
    this.#endStrangers();
  }

  /** What fired under settings that are gone fires no more, and whoever was told hears of it. */
  #endStrangers(): void {
    const now = secondsOf(this.#options.clock.now());
    const active = new Set<string>();
    for (const { settings, instance } of this.#evaluator.active()) {
      if (instance.state === "firing") active.add(`${settings.name}\n${instance.key}`);
    }
    for (const { alert, key } of this.#book.firing) {
      if (!active.has(`${alert}\n${key}`)) this.#book.resolve(alert, key, now);
    }
  }

  #note(message: string, failure: unknown): void {
    this.#options.logger.warn(message, { error: messageOf(failure) });
  }
}
