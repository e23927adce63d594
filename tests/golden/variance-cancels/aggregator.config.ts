import { avg, count, defineConfig, stddev, stddevPop, tumbling } from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    per_minute: {
      window: tumbling("60s"),
      allowedLateness: "60s",
      aggregate: { mean: avg(), sample: stddev(), population: stddevPop(), count: count() },
    },
  },
  time: { outOfOrderness: "0s", maxFuture: "off" },
});
