import { expect, test } from "bun:test";
import { describeWithOtlp, type OtlpMetric, type OtlpReceived } from "../services/otlp.ts";
import { type Installed, installExecutable } from "../support/executable.ts";
import { configure, publish, startService, until } from "../support/service.ts";

// The executable, pushing to a collector that reads by the messages of OpenTelemetry.

const RUN_MS = 60_000;

function metricsOf({ request }: OtlpReceived): Map<string, OtlpMetric> {
  const metrics = request.resourceMetrics[0]!.scopeMetrics[0]!.metrics;
  return new Map(metrics.map((metric) => [metric.name, metric]));
}

/** Names of /metrics, without those whose value is not known. */
async function namesAt(url: string): Promise<Set<string>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const isKnown = (name: string): boolean =>
    text
      .split("\n")
      .some((line) => line.startsWith(name) && !line.endsWith(" NaN") && !line.endsWith("Inf"));
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  return new Set(names.filter(isKnown));
}

await describeWithOtlp("metrics.otlp", (collector) => {
  async function run(
    config: string | undefined,
    env: Record<string, string>,
    then: (aggregator: Installed, url: string) => Promise<void>,
  ): Promise<string> {
    await using aggregator = await installExecutable();
    if (config !== undefined) await configure(aggregator, config);
    const { running, url } = await startService(aggregator, { PORT: "0", ...env });
    await then(aggregator, url);
    return (await running.stop()).stderr;
  }

  test(
    "everything that /metrics tells is pushed, in a form that the messages of OpenTelemetry allow",
    async () => {
      const config = `
        import { defineConfig, env } from "aggregator";
        export default defineConfig({
          name: "plant-7",
          metrics: {
            otlp: {
              url: env("COLLECTOR"),
              headers: { authorization: "Bearer otlp-s3cret" },
              every: "1s",
              resource: { site: "north" },
            },
          },
          time: { outOfOrderness: "0s", idleTimeout: "1s" },
          rules: { per_second: { window: { kind: "tumbling", size: "1s" }, aggregate: { kind: "event" } } },
        });`;
      let names = new Set<string>();
      const stderr = await run(config, { COLLECTOR: collector.url }, async (_, url) => {
        const now = Math.floor(Date.now() / 1000);
        await publish(url, [
          { name: "cpu", value: 1, timestamp: now },
          { name: "cpu", value: 1, timestamp: now + 86_400 },
        ]);
        await until(
          () => collector.received(),
          (all) =>
            all.some((one) => {
              const written = metricsOf(one).get("aggregator_rows_written_total");
              return written?.sum?.dataPoints[0]?.asDouble === 1;
            }),
        );
        names = await namesAt(url);
      });
      expect(stderr).not.toMatch(/WRN|WARN|ERR|otlp-s3cret/);
      const last = (await collector.received()).at(-1)!;
      expect(last.authorization).toBe("Bearer otlp-s3cret");
      const attributes = last.request.resourceMetrics[0]!.resource.attributes!;
      expect(
        Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])),
      ).toEqual({
        "service.name": "aggregator",
        "service.instance.id": "plant-7",
        "service.version": expect.any(String),
        "host.name": expect.any(String),
        site: "north",
      });
      const metrics = metricsOf(last);
      // What is asked for at /metrics is counted at the earliest in the next push.
      expect([...names].filter((name) => !metrics.has(name))).toEqual([]);
      const events = metrics.get("aggregator_events_total")!.sum!;
      expect(events.aggregationTemporality).toBe("AGGREGATION_TEMPORALITY_CUMULATIVE");
      const byOutcome = events.dataPoints.map(({ attributes: of, asDouble }) => [
        of![0]!.value.stringValue,
        asDouble,
      ]);
      expect(Object.fromEntries(byOutcome)).toMatchObject({ aggregated: 1, future: 1, late: 0 });
      const write = metrics.get("aggregator_sink_write_seconds")!;
      expect(write.unit).toBe("s");
      const [point] = write.histogram!.dataPoints;
      expect(point!.count).toBe("1");
      expect(point!.bucketCounts!.length).toBe(point!.explicitBounds!.length + 1);
    },
    RUN_MS,
  );

  test(
    "without a file the variables of OpenTelemetry say where to; the last values are pushed at the end",
    async () => {
      const before = (await collector.received()).length;
      const stderr = await run(
        undefined,
        {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20of-the-s3cret",
          OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
          OTEL_METRIC_EXPORT_INTERVAL: "3600000",
        },
        async (_, url) => {
          await publish(url, [{ name: "cpu", value: 1, timestamp: Date.now() / 1000 }]);
        },
      );
      const pushes = (await collector.received()).slice(before);
      expect(pushes).toHaveLength(1);
      expect(pushes[0]!.authorization).toBe("Bearer of-the-s3cret");
      expect(stderr).not.toContain("s3cret");
      const attributes = pushes[0]!.request.resourceMetrics[0]!.resource.attributes!;
      expect(attributes.map(({ key }) => key)).toContain("deployment.environment.name");
      const published = metricsOf(pushes[0]!).get("aggregator_bus_published_total")!.sum!
        .dataPoints;
      expect(published[0]!.asDouble).toBe(1);
    },
    RUN_MS,
  );
});
