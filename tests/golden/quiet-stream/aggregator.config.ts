import { count, defineConfig, tumbling } from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    per_minute: { window: tumbling("60s"), aggregate: { n: count() } },
  },
  time: { outOfOrderness: "5s", idleTimeout: "10s" },
});
