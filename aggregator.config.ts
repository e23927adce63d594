// The configuration of Aggregator, with what it does by itself spelt out: everything here has a default,
// and defineConfig({}) is a working service. Paths count from the folder of this file. `aggregator check`
// says what is wrong with it and what would run.
import { count, defineConfig, eventFunction, max, tumbling } from "aggregator";

export default defineConfig({
  // Part of the id of every row: two services that share a store need two names.
  name: "aggregator",

  // Where events come from. Left out, VABUS_URL of the environment says it, else the service brings its
  // own bus and serves it below /vabus:
  //   curl -d '{"name":"cpu","value":3,"timestamp":1700000000}' localhost:8000/vabus/events
  // Others: vabus({ url: env("VABUS_URL") }), file({ path: "events.ndjson" }), stdin()
  // source: …,

  rules: {
    // A row per name and minute; each event says by itself (agg_func) how it is aggregated.
    per_minute: {
      window: tumbling("60s"),
      aggregate: eventFunction(),
    },
    // Or the rule says it: a row per function, whatever the events ask for. The keys are yours.
    per_hour: {
      window: tumbling("1h"),
      aggregate: { peak: max(), n: count() },
      // A window that has fired still takes what comes up to this much later, and fires again.
      allowedLateness: "1m",
      // To these sinks only; left out, to all.
      // to: ["warehouse"],
    },
  },

  // Where rows go. Left out, STORAGE_TYPE of the environment says it, else it is a SQLite file here.
  // sinks: {
  //   warehouse: postgres({ url: env("POSTGRES_CONNECTION_STRING") }),
  //   stream: kafka({ brokers: env("KAFKA_BOOTSTRAP_SERVERS"), topic: "aggregates" }),
  //   rows: sqlite({ path: "aggregates.sqlite" }),
  //   lines: stdout(),
  // },

  // Alerts besides those that come with the program (a sink that is down, a disk nearly full, …), and who is told.
  // notifiers: {
  //   ops: slack({ url: env("SLACK_URL") }),
  //   am: alertmanager({ url: "http://alertmanager:9093" }),
  // },
  // alerts: {
  //   hot: { when: rowValue({ rule: "per_hour", name: "temp.*", function: "peak", above: 90, until: 80 }) },
  //   silent: { when: noRows({ name: "heartbeat", after: "5m" }), severity: "critical" },
  //   sink_down: { for: "10m" },
  // },

  time: {
    // How far events may be out of order: the watermark stays this much behind the newest.
    outOfOrderness: "5s",
    // A source that is silent for so long holds no window open any more.
    idleTimeout: "10s",
    // Events further ahead of the clock are refused; "off" takes them.
    maxFuture: "60s",
    // What timestamps count: "s", "ms", "us" or "ns".
    timestampUnit: "s",
  },

  // The address of the status page: HOST and PORT of the environment when left out, else loopback and
  // 8000. On any other address a token is required: AGGREGATOR_TOKEN, or one is made and printed once.
  // status: { host: "0.0.0.0", port: 8000 },

  // Folder of what outlives a restart: STATE_DIR of the environment when left out.
  // state: { dir: "./aggregator-data" },
});
