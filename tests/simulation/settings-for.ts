import type { Settings } from "../../src/core/settings.ts";
import { type DurationMicros, durationMicros } from "../../src/core/time.ts";
import { settingsOf } from "../support/settings.ts";
import type { Life } from "./scheduler.ts";
import type { SimStore } from "./sim-sink.ts";
import { simSource } from "./sim-source.ts";
import type { World } from "./world.ts";

/** The settings of one life: those of the plan, with a source and sinks that end with it. */
export function settingsFor(
  life: Life,
  { world, stores }: { world: World; stores: readonly SimStore[] },
): Settings {
  const { plan } = world;
  const source = simSource(world, life);
  const base = settingsOf({ source, sinks: stores.map((store) => store.settings(life)) });
  return {
    ...base,
    name: "simulated",
    rules: plan.rules,
    time: {
      ...base.time,
      outOfOrderness: durationMicros(plan.outOfOrdernessMs * 1000),
      idleTimeout: durationOf(plan.idleTimeoutMs),
      maxFuture: durationOf(plan.maxFutureMs),
      maxPartitionSkew: durationOf(plan.maxPartitionSkewMs),
    },
    dedupe: { for: durationMicros(plan.dedupeForMs * 1000), idsMax: plan.idsMax },
    state: {
      dir: "",
      checkpointEveryMs: plan.checkpointEveryMs,
      outboxBytesMax: plan.outboxBytesMax,
    },
  };
}

function durationOf(ms: number | "off"): DurationMicros | "off" {
  return ms === "off" ? ms : durationMicros(ms * 1000);
}
