import { functionNamed } from "../../aggregations/named.ts";
import type { Clock } from "../../core/clock.ts";
import type { Page } from "../../core/page.ts";
import type { Settings } from "../../core/settings.ts";
import { Processor } from "../processor.ts";
import { Explainer } from "./explainer.ts";
import type { Explanation } from "./explanation.ts";

/**
 * What would become of an event that came now to a service with this state. Nothing is changed.
 *
 * @param event JSON, in one line.
 */
export function explainStored(
  event: string,
  options: {
    readonly settings: Settings;
    readonly pages: Iterable<Page>;
    readonly clock: Clock;
    readonly at: string;
  },
): Explanation | undefined {
  const { settings, pages, clock, at } = options;
  let told: Explanation | undefined;
  const nowMs = clock.monotonicMs();
  const processor = new Processor(settings, {
    seed: 0,
    nowMs,
    onRefusal: () => undefined,
    watcher: new Explainer(settings, (explanation) => {
      told = explanation;
    }),
  });
  processor.restore(pages, { functionNamed });
  const bytes = new TextEncoder().encode(event);
  const [partition = "0"] = processor.engine.arrivals.partitions;
  processor.add(
    {
      partition,
      bytes,
      length: bytes.length,
      cursor: "",
      place: () => at,
      pending: undefined,
      refusals: [],
      gap: undefined,
    },
    { now: clock.now(), nowMs },
  );
  return told;
}
