import { defineConfig, median, quantile, tumbling } from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    per_minute: {
      window: tumbling("60s"),
      allowedLateness: "60s",
      aggregate: {
        p0: quantile(0),
        p25: quantile(0.25),
        p50: median(),
        p75: quantile(0.75),
        p90: quantile(0.9),
        p100: quantile(1),
      },
    },
  },
  time: { outOfOrderness: "0s", maxFuture: "off" },
});
