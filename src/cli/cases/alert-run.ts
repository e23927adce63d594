import { clockOf } from "../../alerts/alert-clock.ts";
import { Evaluator } from "../../alerts/evaluator.ts";
import type { Sample } from "../../alerts/signal-watch.ts";
import { ledgerSamples } from "../../alerts/signals.ts";
import { isBalanced } from "../../core/ledger.ts";
import type { ResultRow } from "../../core/result.ts";
import { type RunWatcher, runCase } from "../../pipeline/cases/case-run.ts";
import type { TestCase } from "../../pipeline/cases/test-case.ts";

/** What became of an alert in a case. */
export interface AlertChange {
  readonly alert: string;
  readonly state: "pending" | "firing" | "resolved" | "inactive";
  /** Unix seconds of the clock that it goes by. */
  readonly at: number;
  readonly clock: "event" | "processing";
  readonly value: number | null;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * What the alerts of a configuration go through while a case runs line by line. Nobody is told. Those that go by
 * our clock are looked at where the case says what time it is, as far as the account of the events tells.
 */
export function alertChanges(testCase: TestCase): AlertChange[] {
  const watcher = new AlertWatcher(testCase);
  runCase(testCase, { batchLines: () => 1, watcher });
  // By event time, however far the watermark went at once.
  return watcher.changes.sort((a, b) => a.at - b.at);
}

class AlertWatcher implements RunWatcher {
  readonly changes: AlertChange[] = [];
  readonly #evaluator: Evaluator;

  constructor({ settings }: TestCase) {
    this.#evaluator = new Evaluator(settings.alerts ?? []);
  }

  rows(rows: readonly ResultRow[], watermark: number): void {
    this.#evaluator.rows(rows, watermark);
    this.#take();
  }

  look({ watermark, now, ledger }: Parameters<RunWatcher["look"]>[0]): void {
    this.#evaluator.advance(watermark);
    if (Number.isFinite(now)) {
      const signal = [
        ...ledgerSamples({ ...ledger, balanced: isBalanced(ledger) }),
        lagOf(watermark, now),
      ];
      this.#evaluator.sample({ signal }, now);
    }
    this.#take();
  }

  #take(): void {
    for (const { settings, labels, to, at, value } of this.#evaluator.takeChanges()) {
      this.changes.push({
        alert: settings.name,
        state: to,
        at: at / 1e6,
        clock: clockOf(settings),
        value: Number.isFinite(value) ? value : null,
        labels,
      });
    }
  }
}

function lagOf(watermark: number, now: number): Sample {
  const value = Number.isFinite(watermark) ? (now - watermark) / 1e6 : Number.NaN;
  return { name: "watermark_lag", labels: {}, value };
}
