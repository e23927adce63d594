import type { AlertCounts } from "../alerts/alerts.ts";
import { REFUSAL_REASONS } from "../core/event.ts";
import { LOG_LEVELS } from "../core/logger.ts";
import { collectProcess, type LoopDelay } from "../pipeline/metrics/collect-process.ts";
import type { MetricSet } from "../pipeline/metrics/metric-set.ts";
import type { OtlpCounts } from "../pipeline/metrics/otlp-push.ts";
import type { ScheduledBackups } from "../state/backup/schedule.ts";
import type { RequestMeter } from "../status/request-meter.ts";
import type { Log } from "./log.ts";
import type { OpenBus } from "./open-bus.ts";
import type { Reloads } from "./reloads.ts";
import { version } from "./version.ts";

/** What of a service can be counted beside its pipeline. */
export interface CountedParts {
  /** Its name. */
  readonly pipeline: string;
  readonly loopDelay: LoopDelay;
  readonly meter: RequestMeter;
  readonly bus: OpenBus | undefined;
  readonly backups: ScheduledBackups | undefined;
  readonly reloads: Reloads | undefined;
  /** What came of pushes; undefined: none are wanted. */
  readonly otlp: OtlpCounts | undefined;
  readonly log: Log;
  readonly alerts: AlertCounts;
}

/** Tells everything that runs around the pipeline. */
export function collectService(set: MetricSet, parts: CountedParts): void {
  const { pipeline, loopDelay, meter, bus, backups, reloads, otlp, log, alerts } = parts;
  set.set("aggregator_build_info", 1, { pipeline, version, runtime: runtime() });
  const { applied, refused } = reloads?.counts ?? { applied: 0, refused: 0 };
  set.set("aggregator_config_reloads_total", applied, { outcome: "applied" });
  set.set("aggregator_config_reloads_total", refused, { outcome: "refused" });
  set.set("aggregator_config_last_reload_failed", Number(reloads?.problem !== undefined));
  for (const level of LOG_LEVELS) {
    set.set("aggregator_log_lines_total", log.lines[level], { level });
  }
  if (backups !== undefined) {
    const at = backups.lastAt === undefined ? Number.NaN : backups.lastAt.getTime() / 1000;
    set.set("aggregator_backup_last_success_timestamp_seconds", at);
    set.set("aggregator_backup_failing", Number(backups.problem !== undefined));
  }
  if (otlp !== undefined) {
    for (const outcome of ["pushed", "partial", "failed", "skipped"] as const) {
      set.set("aggregator_otlp_exports_total", otlp.exports[outcome], { outcome });
    }
    set.set("aggregator_otlp_rejected_points_total", otlp.rejectedPoints);
  }
  if (bus !== undefined) collectBus(set, bus);
  collectAlerts(set, alerts);
  collectRequests(set, meter);
  collectProcess(set, loopDelay);
}

/** By the names of alerts, which the configuration bounds; never by the labels of their instances. */
function collectAlerts(set: MetricSet, { rules, notifiers }: AlertCounts): void {
  for (const { name: alert, pending, firing } of rules) {
    set.set("aggregator_alerts", pending, { alert, state: "pending" });
    set.set("aggregator_alerts", firing, { alert, state: "firing" });
  }
  for (const { name: notifier, sent, errors, dropped } of notifiers) {
    set.set("aggregator_notifications_total", sent, { notifier, outcome: "sent" });
    set.set("aggregator_notifications_total", errors, { notifier, outcome: "failed" });
    set.set("aggregator_notifications_total", dropped, { notifier, outcome: "dropped" });
  }
}

function runtime(): string {
  const { bun, deno } = process.versions as { readonly bun?: string; readonly deno?: string };
  if (bun !== undefined) return `bun ${bun}`;
  return deno === undefined ? "unknown" : `deno ${deno}`;
}

function collectBus(set: MetricSet, bus: OpenBus): void {
  const { counts } = bus;
  for (const log of ["events", "metrics"] as const) {
    const { bytes, bytesMax, events } = bus[log].usage();
    set.set("aggregator_bus_published_total", counts.published[log], { log });
    set.set("aggregator_bus_stored_events", events, { log });
    set.set("aggregator_bus_stored_bytes", bytes, { log });
    set.set("aggregator_bus_limit_bytes", bytesMax, { log });
  }
  for (const reason of REFUSAL_REASONS) {
    set.set("aggregator_bus_refused_total", counts.refused.get(reason) ?? 0, { reason });
  }
  set.set("aggregator_bus_unavailable_total", counts.unavailable);
  set.set("aggregator_bus_read_total", counts.read);
  set.set("aggregator_bus_waiting_readers", counts.waiting);
}

function collectRequests(set: MetricSet, meter: RequestMeter): void {
  for (const { method, route, status, count } of meter.counts) {
    set.set("aggregator_http_requests_total", count, { method, route, status });
  }
  for (const [route, durations] of meter.durations) {
    set.histogram("aggregator_http_request_seconds", durations, { route });
  }
  set.set("aggregator_http_denied_total", meter.unauthenticated, { reason: "unauthenticated" });
  set.set("aggregator_http_denied_total", meter.forbidden, { reason: "forbidden" });
}
