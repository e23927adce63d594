import { defineConfig, sum, tumbling } from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    per_minute: { window: tumbling("60s"), aggregate: { sum: sum() } },
  },
  time: { outOfOrderness: "5s", maxFuture: "60s" },
});
