import { defineConfig, eventFunction, tumbling } from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    per_month: { window: tumbling("30d"), allowedLateness: "1d", aggregate: eventFunction() },
  },
  time: { outOfOrderness: "0s", idleTimeout: "30d" },
});
