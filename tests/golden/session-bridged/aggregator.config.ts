import { count, defineConfig, first, last, session, sum } from "aggregator";

export default defineConfig({
  name: "golden",
  rules: {
    visits: {
      window: session("30s"),
      allowedLateness: "120s",
      aggregate: { sum: sum(), count: count(), first: first(), last: last() },
    },
  },
  time: { outOfOrderness: "0s", maxFuture: "off" },
});
