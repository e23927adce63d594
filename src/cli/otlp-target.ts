import { hostname } from "node:os";
import type { Logger } from "../core/logger.ts";
import { type Settings, shareOf } from "../core/settings.ts";
import type { MetricSet } from "../pipeline/metrics/metric-set.ts";
import { type OtlpCounts, OtlpPush } from "../pipeline/metrics/otlp-push.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { version } from "./version.ts";

/**
 * What pushes the metrics of a service; undefined: it is not wanted.
 *
 * @throws {FatalError} The certificate cannot be read.
 */
export function otlpPushOf(
  settings: Settings,
  parts: {
    readonly collect: () => MetricSet;
    readonly counts: OtlpCounts;
    readonly logger: Logger;
  },
): OtlpPush | undefined {
  const { otlp } = settings.metrics;
  if (otlp === undefined) return undefined;
  const { collect, counts, logger } = parts;
  const share = shareOf(settings.source);
  return new OtlpPush({
    settings: otlp,
    resource: {
      "service.name": "aggregator",
      // Two services have two names, and the shares of one source are told apart.
      "service.instance.id": share === "0/1" ? settings.name : `${settings.name}-${share}`,
      "service.version": version,
      "host.name": hostname(),
    },
    version,
    collect,
    startedAt: Date.now() / 1000 - process.uptime(),
    counts,
    clock: realClock,
    random: Math.random,
    logger,
  });
}
