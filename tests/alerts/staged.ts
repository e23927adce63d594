import { type AlertStore, Alerts } from "../../src/alerts/alerts.ts";
import type { AlertSettings, NotifierSettings } from "../../src/core/alert-settings.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import { GuardedCalls } from "../../src/pipeline/guarded-calls.ts";
import type { PipelineVitals } from "../../src/pipeline/view.ts";
import { fakeView } from "../status/fake-view.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import type { Receiver } from "./receiver.ts";

export const START = 1_700_000_000;

/** So long that no real request is slower by the virtual clock. */
const TIMEOUT_MS = 100_000_000;

/** A service with alerts on one sink, whose outbox is as full as is said. */
export class Staged {
  readonly clock = new VirtualClock(START);
  readonly kept: { text?: string } = {};
  readonly logged: string[] = [];
  outbox = 0;
  isKept = true;
  metrics = "";
  alerts: Alerts;
  #over = new AbortController();
  #running: Promise<void> | undefined;
  #settings: Parameters<Alerts["follow"]>[0];

  constructor(alerts: readonly AlertSettings[], notifiers: readonly NotifierSettings[]) {
    this.#settings = { name: "plant-7", alerts, notifiers, secrets: ["s3cret"] };
    this.alerts = this.#make();
  }

  #make(): Alerts {
    const { clock } = this;
    const logger: Logger = {
      ...silentLogger,
      error: (message, fields) => this.logged.push(`${message} ${JSON.stringify(fields)}`),
      warn: (message) => this.logged.push(message),
    };
    const store: AlertStore = {
      read: () => this.kept.text,
      write: (text) => {
        if (!this.isKept) throw new Error("no space left");
        this.kept.text = text;
      },
    };
    return new Alerts(this.#settings, {
      view: { vitals: () => this.#vitals(), prometheus: async () => this.metrics },
      clock,
      logger,
      callsTo: (label) =>
        new GuardedCalls({ label, clock, logger: silentLogger, random: () => 0.5 }),
      store,
      diskFree: () => 0.5,
      link: () => "http://plant-7:8000/#/alerts",
      newId: () => "1f00a2c3",
    });
  }

  #vitals(): PipelineVitals {
    const vitals = fakeView().vitals();
    const sink = {
      name: "warehouse",
      kind: "postgres",
      description: "",
      connected: true,
      errors: 0,
      breaker: "closed" as const,
      written: 0,
      outbox: this.outbox,
      outbox_bytes: 0,
      outbox_bytes_max: 100,
      outbox_age_seconds: 0,
    };
    return { ...vitals, sinks: [sink] };
  }

  start(): void {
    this.#over = new AbortController();
    this.#running = this.alerts.run(this.#over.signal);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  /** The process dies, and another one goes on with what was kept. */
  async restart(): Promise<void> {
    await this.stop();
    this.alerts = this.#make();
    this.start();
  }

  follow(change: {
    alerts?: readonly AlertSettings[];
    notifiers?: readonly NotifierSettings[];
  }): void {
    this.#settings = { ...this.#settings, ...change };
    this.alerts.follow(this.#settings);
  }

  /** Seconds pass; what goes over the network gets its turn. */
  async pass(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.clock.advance(1_000);
  }

  /** Time passes until so many requests have come. */
  async until(receiver: Receiver, count: number): Promise<void> {
    while (receiver.received.length < count) {
      await this.clock.advance(1_000);
      await Bun.sleep(1);
    }
    await this.settled();
  }

  /** What was answered has arrived. */
  async settled(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await Bun.sleep(1);
      await this.clock.advance(0);
    }
  }
}

/** One that is told of alerts. */
export function notifier(
  kind: NotifierSettings["kind"],
  url: string,
  parts: Partial<NotifierSettings> = {},
) {
  return {
    name: "ops",
    kind,
    url,
    headers: {},
    timeoutMs: TIMEOUT_MS,
    groupWaitMs: 0,
    repeatMs: kind === "alertmanager" ? 60_000 : undefined,
    ...parts,
  };
}
