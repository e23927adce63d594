import { defineConfig, eventFunction, tumbling } from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    per_minute: { window: tumbling("60s"), aggregate: eventFunction() },
  },
  time: { outOfOrderness: "0s", maxFuture: "off" },
});
