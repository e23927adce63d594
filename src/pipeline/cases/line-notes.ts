import type { LedgerCounts } from "../../core/ledger.ts";
import type { EpochMicros } from "../../core/time.ts";
import type { AcceptedEvent } from "../../decode/check-event.ts";
import { eventCheckOf } from "../event-check.ts";
import { OWN_METRIC_PREFIX } from "../processor.ts";
import type { ShuffledLine } from "./shuffle.ts";
import type { TestCase } from "./test-case.ts";

/** Notes of a run line by line what of each has to be known to shuffle them. */
export class LineNotes {
  readonly lines: ShuffledLine[] = [];
  readonly #events: readonly (AcceptedEvent | undefined)[];
  readonly #carriesMetrics: boolean;
  /** Ids that several events bear: which of these counts hangs on the order. */
  readonly #repeatedIds = new Set<string>();
  #watermark = -Infinity;
  #future = 0;

  constructor({ settings, lines }: Pick<TestCase, "settings" | "lines">) {
    const check = eventCheckOf(settings);
    this.#events = lines.map((line) => eventOf(line, check));
    this.#carriesMetrics = settings.source.definition.carriesMetrics;
    const ids = new Set<string>();
    for (const event of this.#events) {
      if (event?.id === undefined) continue;
      if (ids.has(event.id)) this.#repeatedIds.add(event.id);
      ids.add(event.id);
    }
  }

  /** The next line was added. */
  add(
    line: number,
    engine: { readonly watermark: EpochMicros; readonly ledger: LedgerCounts },
  ): void {
    const event = this.#events[line];
    const isFuture = engine.ledger.future > this.#future;
    const movesNothing =
      event === undefined || isFuture || (this.#carriesMetrics && isOwnMetric(event));
    this.lines.push({
      time: movesNothing ? undefined : event.time,
      isFixed:
        event !== undefined &&
        // What comes behind the watermark may be late.
        ((!movesNothing && event.time < this.#watermark) ||
          (event.id !== undefined && this.#repeatedIds.has(event.id))),
    });
    this.#future = engine.ledger.future;
    this.#watermark = engine.watermark;
  }
}

function isOwnMetric({ name }: AcceptedEvent): boolean {
  return name.startsWith(OWN_METRIC_PREFIX);
}

function eventOf(
  line: Uint8Array,
  check: ReturnType<typeof eventCheckOf>,
): AcceptedEvent | undefined {
  try {
    const event = check(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line)));
    return event.ok ? event : undefined;
  } catch {
    return undefined; // the run said so, too
  }
}
