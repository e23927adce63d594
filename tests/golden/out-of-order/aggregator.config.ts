import {
  count,
  defineConfig,
  distinct,
  eventFunction,
  first,
  hopping,
  last,
  session,
  stddev,
  sum,
  tumbling,
} from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    asked: { window: tumbling("10s"), allowedLateness: "10s", aggregate: eventFunction() },
    by_host: {
      window: hopping("20s", { every: "10s" }),
      groupBy: ["labels.host"],
      aggregate: { first: first(), last: last(), spread: stddev(), names: distinct() },
    },
    per_minute: { window: tumbling("60s"), aggregate: { n: count(), sum: sum() } },
    two_minutes: { window: tumbling("2m"), from: "per_minute" },
    visits: { window: session("7s"), allowedLateness: "5s", aggregate: { n: count() } },
  },
  time: { outOfOrderness: "15s", maxFuture: "off" },
});
