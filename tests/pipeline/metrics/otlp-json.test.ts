import { describe, expect, test } from "bun:test";
import { Buckets } from "../../../src/core/buckets.ts";
import { MetricSet } from "../../../src/pipeline/metrics/metric-set.ts";
import { otlpRequestOf } from "../../../src/pipeline/metrics/otlp-json.ts";

const OPTIONS = {
  resource: { "service.name": "aggregator" },
  version: "1.2.3",
  now: 1_700_000_100.25,
  startedAt: 1_700_000_000,
};

/** The metrics of a request, by their names. */
function translated(set: MetricSet): Record<string, unknown> {
  const request = otlpRequestOf(set, OPTIONS) as {
    resourceMetrics: { scopeMetrics: { metrics: { name: string }[] }[] }[];
  };
  const metrics = request.resourceMetrics[0]!.scopeMetrics[0]!.metrics;
  return Object.fromEntries(metrics.map(({ name, ...metric }) => [name, metric]));
}

const NOW = "1700000100250000000";

describe("otlpRequestOf()", () => {
  test("says whose metrics they are", () => {
    expect(otlpRequestOf(new MetricSet(), OPTIONS)).toEqual({
      resourceMetrics: [
        {
          resource: {
            attributes: [{ key: "service.name", value: { stringValue: "aggregator" } }],
          },
          scopeMetrics: [{ scope: { name: "aggregator", version: "1.2.3" }, metrics: [] }],
        },
      ],
    });
  });

  test("counters are cumulative sums from when the process began", () => {
    const set = new MetricSet();
    set.set("aggregator_source_errors_total", 2);
    set.set("aggregator_events_total", 3, { outcome: "late" });
    const { aggregator_source_errors_total: errors, aggregator_events_total: events } =
      translated(set);
    expect(errors).toEqual({
      description: "Failed tries at the source since the start",
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [
          {
            attributes: [],
            startTimeUnixNano: "1700000000000000000",
            timeUnixNano: NOW,
            asDouble: 2,
          },
        ],
      },
    });
    expect(events).toMatchObject({
      sum: {
        dataPoints: [
          {
            attributes: [{ key: "outcome", value: { stringValue: "late" } }],
            startTimeUnixNano: "1700000000000000000",
            asDouble: 3,
          },
        ],
      },
    });
  });

  test("gauges have no beginning, and what is not known is left out", () => {
    const set = new MetricSet();
    set.set("aggregator_watermark_lag_seconds", Number.NaN);
    set.set("process_max_fds", Infinity);
    set.set("aggregator_outbox_bytes", 7, { sink: "a" });
    set.set("aggregator_outbox_bytes", Number.NaN, { sink: "b" });
    expect(translated(set)).toEqual({
      aggregator_outbox_bytes: {
        description: "Bytes of the rows that wait for a sink",
        unit: "By",
        gauge: {
          dataPoints: [
            {
              attributes: [{ key: "sink", value: { stringValue: "a" } }],
              timeUnixNano: NOW,
              asDouble: 7,
            },
          ],
        },
      },
    });
  });

  test("histograms have counts of their buckets, not cumulated, one more than bounds", () => {
    const set = new MetricSet();
    const buckets = new Buckets([0.5, 1]);
    for (const value of [0.25, 1, 1, 7]) buckets.observe(value);
    set.histogram("aggregator_checkpoint_seconds", buckets);
    expect(translated(set)).toMatchObject({
      aggregator_checkpoint_seconds: {
        unit: "s",
        histogram: {
          aggregationTemporality: 2,
          dataPoints: [
            {
              count: "4",
              sum: 9.25,
              bucketCounts: ["1", "2", "1"],
              explicitBounds: [0.5, 1],
              startTimeUnixNano: "1700000000000000000",
              timeUnixNano: NOW,
            },
          ],
        },
      },
    });
  });
});
