import { CALL_MS_MAX, CALL_TIMEOUT_MS } from "../core/limits.ts";
import { defineSource } from "../core/source.ts";
import { BusClient } from "./vabus/bus-client.ts";
import { LogReader } from "./vabus/log-reader.ts";
import { describeVabus, vabusOptions } from "./vabus/options.ts";
import { PopReader } from "./vabus/pop-reader.ts";

/** A VaBus, or any bus over HTTP that is like it. */
export const vabus = defineSource({
  name: "vabus",
  summary: "Reads events from a VaBus over HTTP, by cursor or one by one.",
  // Without a cursor the bus decides what it hands out, and hands it out once.
  replay: ({ mode, cursor }) => (mode === "pop" || cursor === "none" ? "none" : "cursor"),
  carriesMetrics: true,
  options: vabusOptions,
  example: { url: "http://localhost:8000/vabus" },
  describe: (options) => describeVabus(options),
  // A read may be two requests.
  callMsMax: ({ wait, timeout }) => Math.max(CALL_MS_MAX, 3 * (wait + timeout)),
  async open(options, context) {
    const client = new BusClient(options, context.clock);
    return options.mode === "pop"
      ? new PopReader(client, options, context)
      : new LogReader(client, options, context);
  },
  async sendMetrics(options, metrics, context, signal) {
    const client = new BusClient(options, context.clock);
    await client.send(
      {
        action: "send metrics to",
        path: options.paths.metrics,
        method: "POST",
        headers: { "Content-Type": "application/x-ndjson" },
        body: metrics.map((metric) => `${JSON.stringify(metric)}\n`).join(""),
        timeoutMs: CALL_TIMEOUT_MS,
      },
      signal,
    );
  },
});
