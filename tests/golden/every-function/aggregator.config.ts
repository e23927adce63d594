import { avg, count, defineConfig, eventFunction, max, min, sum, tumbling } from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    asked: { window: tumbling("10s", { offset: "3s" }), aggregate: eventFunction() },
    all: {
      window: tumbling("10s"),
      aggregate: { total: sum(), mean: avg(), low: min(), high: max(), n: count() },
    },
  },
  time: { maxFuture: "off" },
});
