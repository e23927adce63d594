import { DEAD_LETTERS_MAX } from "../core/limits.ts";
import type { LogFields, Logger } from "../core/logger.ts";
import type { Engine } from "../engine/engine.ts";
import type { DeadLetters } from "../state/dead-letters.ts";

/** Something that is kept up to a bound. */
interface Bounded {
  /** How many went so far, because there were too many. */
  readonly evicted: () => number;
  readonly message: string;
  readonly fields: LogFields;
}

/**
 * Says that a bound was reached for which something has to go: once for each bound and start. How many
 * went since is in the metrics.
 */
export class Evictions {
  readonly #logger: Logger;
  /** Those of which nothing went since the start. */
  #quiet: readonly { readonly bounded: Bounded; readonly before: number }[];

  /** @param parts.idsMax Ids that `engine` remembers at most. */
  constructor(parts: {
    readonly deadLetters: DeadLetters;
    readonly engine: Engine;
    readonly idsMax: number;
    readonly logger: Logger;
  }) {
    const { deadLetters, engine, idsMax, logger } = parts;
    this.#logger = logger;
    const all: readonly Bounded[] = [
      {
        evicted: () => deadLetters.evicted,
        message: "No more dead letters can be kept: from now on the oldest go for new ones.",
        fields: { kept: DEAD_LETTERS_MAX },
      },
      {
        evicted: () => engine.idsEvicted,
        message:
          "No more ids can be remembered than dedupe.maxIds: the oldest go before their time, and a " +
          "copy of such an event counts again.",
        fields: { max_ids: idsMax },
      },
    ];
    this.#quiet = all.map((bounded) => ({ bounded, before: bounded.evicted() }));
  }

  /** Looks at the counts. Called after every checkpoint. */
  look(): void {
    this.#quiet = this.#quiet.filter(({ bounded, before }) => {
      if (bounded.evicted() === before) return true;
      this.#logger.warn(bounded.message, bounded.fields);
      return false;
    });
  }
}
