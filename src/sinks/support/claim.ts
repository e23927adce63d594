import { randomUUID } from "node:crypto";
import { FencedError } from "../../core/errors.ts";
import type { RefusedRow, SinkContext } from "../../core/sink.ts";

/** What a transactional sink keeps for each `(pipeline, share, sink)`. */
export interface Progress {
  readonly lineage: string;
  readonly epoch: number;
  /** Which process wrote it: a copy of a state has the same lineage and epoch, and is another process. */
  readonly writer: string;
  /** `through` of the last batch of the lineage; undefined: none yet. */
  readonly through: number | undefined;
  /** Rows of that batch that were refused, as {@link packRefused} writes them; undefined: none. */
  readonly refused: string | undefined;
}

/** One for each sink of a process: the pipeline opens a sink again with the context that it had. */
const claims = new WeakMap<SinkContext, Claim>();

/**
 * The right of this process to write as `(pipeline, share, sink)`. Whoever opens takes it over, unless it
 * is known to be the older one: by its epoch, or since it held the sink before and lost it. So of two that
 * write at once the one that opened earlier stops, even when its connection breaks and it opens again.
 */
export class Claim {
  /** Who we are in the store. */
  readonly writer = randomUUID();
  readonly #context: SinkContext;
  readonly #place: string;
  #held = false;

  private constructor(context: SinkContext, place: string) {
    this.#context = context;
    this.#place = place;
  }

  /** The claim of a process to `place`, as messages call it. */
  static of(context: SinkContext, place: string): Claim {
    const claim = claims.get(context) ?? new Claim(context, place);
    claims.set(context, claim);
    return claim;
  }

  /** Whether it takes the sink at all. Epoch 0 is a look or a correction by hand: it fences nobody. */
  static isWanted(context: SinkContext): boolean {
    return context.owner.epoch > 0;
  }

  /**
   * What is to be stored when the sink is taken over from whoever stored `found`.
   *
   * @throws {FencedError} The sink belongs to a newer one.
   */
  takeOver(found: Progress | undefined): Progress {
    const { lineage, epoch } = this.#context.owner;
    if (found !== undefined && this.#isNewer(found)) throw this.fenced(found);
    const ours = found?.lineage === lineage ? found : undefined;
    return {
      lineage,
      epoch,
      writer: this.writer,
      through: ours?.through,
      refused: ours?.refused,
    };
  }

  /** To be called once the store has it. */
  hold(): void {
    this.#held = true;
  }

  /** What somebody is told who was overtaken, by whom if that is known. */
  fenced(by?: Progress): FencedError {
    const { pipeline, sink, owner } = this.#context;
    const other =
      by === undefined ? "another process" : `a process of state ${by.lineage}, start ${by.epoch},`;
    return new FencedError(
      `Cannot write to ${this.#place}: fenced, since ${other} took over as pipeline "${pipeline}", ` +
        `share ${owner.share}, sink "${sink}"; this one is of state ${owner.lineage}, start ` +
        `${owner.epoch}: stop one of the two, or give one another name`,
    );
  }

  #isNewer(found: Progress): boolean {
    const { lineage, epoch } = this.#context.owner;
    if (found.writer === this.writer) return false;
    return this.#held || (found.lineage === lineage && found.epoch > epoch);
  }
}

/**
 * Refused rows of a batch as text: `[[rows behind it, reason], …]`. Counted from the end of the batch, which
 * `through` names: what comes again may begin later.
 */
export function packRefused(refused: readonly RefusedRow[], rows: number): string | undefined {
  if (refused.length === 0) return undefined;
  return JSON.stringify(refused.map(({ index, reason }) => [rows - 1 - index, reason]));
}

/** Reads what {@link packRefused} wrote, for a batch of so many rows. */
export function unpackRefused(text: string | undefined, rows: number): RefusedRow[] {
  if (text === undefined) return [];
  const pairs = JSON.parse(text) as [number, string][]; // only `packRefused` writes it
  return pairs
    .map(([behind, reason]) => ({ index: rows - 1 - behind, reason }))
    .filter(({ index }) => index >= 0);
}
