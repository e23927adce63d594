import { describe, expect, test } from "bun:test";
import { Buckets } from "../../../src/core/buckets.ts";
import { expositionOf } from "../../../src/pipeline/metrics/exposition.ts";
import { MetricSet } from "../../../src/pipeline/metrics/metric-set.ts";

function someMetrics(): MetricSet {
  const set = new MetricSet();
  const write = new Buckets([0.5, 1]);
  for (const seconds of [0.25, 1, 7]) write.observe(seconds);
  set.histogram("aggregator_sink_write_seconds", write, { sink: 'a "b"\\\n' });
  set.set("aggregator_watermark_seconds", Number.NaN);
  set.set("aggregator_events_total", 3, { outcome: "late" });
  set.set("aggregator_events_total", 4, { outcome: "invalid" });
  return set;
}

describe("expositionOf()", () => {
  test("writes the text of Prometheus, in the order of the catalog", async () => {
    expect(await expositionOf(someMetrics(), "prometheus")).toBe(
      `# HELP aggregator_events_total Events by what became of them
# TYPE aggregator_events_total counter
aggregator_events_total{outcome="late"} 3
aggregator_events_total{outcome="invalid"} 4

# HELP aggregator_watermark_seconds Event time up to which windows fired, as Unix time; NaN before the first event
# TYPE aggregator_watermark_seconds gauge
aggregator_watermark_seconds NaN

# HELP aggregator_sink_write_seconds How long a batch of rows took to be durable in a sink
# TYPE aggregator_sink_write_seconds histogram
aggregator_sink_write_seconds_bucket{sink="a \\"b\\"\\\\\\n",le="0.5"} 1
aggregator_sink_write_seconds_bucket{sink="a \\"b\\"\\\\\\n",le="1.0"} 2
aggregator_sink_write_seconds_bucket{sink="a \\"b\\"\\\\\\n",le="+Inf"} 3
aggregator_sink_write_seconds_sum{sink="a \\"b\\"\\\\\\n"} 8.25
aggregator_sink_write_seconds_count{sink="a \\"b\\"\\\\\\n"} 3
`,
    );
  });

  test("writes OpenMetrics: families of counters without _total, and an end", async () => {
    const text = await expositionOf(someMetrics(), "openmetrics");
    expect(text).toStartWith(`# HELP aggregator_events Events by what became of them
# TYPE aggregator_events counter
aggregator_events_total{outcome="late"} 3
`);
    expect(text).toEndWith("\n# EOF\n");
    expect(text).not.toContain("\n\n");
    // A second answer is like the first.
    expect(await expositionOf(someMetrics(), "openmetrics")).toBe(text);
  });
});
