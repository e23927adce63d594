import type { Look } from "./look.ts";

/** Looks that are kept: as many as the widest sparkline shows. */
const LOOKS_MAX = 240;

/** What changed between two looks. */
export interface Rates {
  /** Events received in a second; undefined: there is nothing to compare with. */
  readonly eventsPerSecond: number | undefined;
  readonly lagSeconds: number | undefined;
}

/** The last looks, for rates and sparklines. */
export class StatusHistory {
  readonly #rates: Rates[] = [];
  #last: { readonly now: number; readonly received: number; readonly uptime: number } | undefined;

  /** Adds a look and tells what changed since the one before. */
  add(look: Look): Rates {
    const rates = this.#ratesOf(look);
    this.#rates.push(rates);
    if (this.#rates.length > LOOKS_MAX) this.#rates.shift();
    return rates;
  }

  get eventsPerSecond(): readonly (number | undefined)[] {
    return this.#rates.map((rates) => rates.eventsPerSecond);
  }

  get lagSeconds(): readonly (number | undefined)[] {
    return this.#rates.map((rates) => rates.lagSeconds);
  }

  #ratesOf(look: Look): Rates {
    if (look.kind === "unseen") {
      this.#last = undefined;
      return { eventsPerSecond: undefined, lagSeconds: undefined };
    }
    const { now, ledger, watermark_lag_seconds, uptime_seconds: uptime } = look.status;
    const before = this.#last;
    this.#last = { now, received: ledger.received, uptime };
    const lagSeconds = watermark_lag_seconds ?? undefined;
    // By the clock of the service: how long an answer took counts for nothing. After a restart its counts
    // are those of the last checkpoint.
    if (before === undefined || now <= before.now || uptime < before.uptime) {
      return { eventsPerSecond: undefined, lagSeconds };
    }
    const events = ledger.received - before.received;
    return { eventsPerSecond: Math.max(events, 0) / (now - before.now), lagSeconds };
  }
}
