import { FatalError, TransientError } from "../../src/core/errors.ts";
import type { ResultRow } from "../../src/core/result.ts";
import { rowToJson } from "../../src/core/result-json.ts";
import type { SinkSettings } from "../../src/core/settings.ts";
import {
  defineSink,
  type RefusedRow,
  type RowBatch,
  type SinkContext,
  type SinkWriter,
  type WriteOutcome,
} from "../../src/core/sink.ts";
import type { SinkPlan } from "./plan.ts";
import type { Life } from "./scheduler.ts";
import type { World } from "./world.ts";

/** How long a call to the store may take before its client gives up. */
const GIVE_UP_MS = 30_000;

/** What a transactional store keeps beside the rows. */
interface Progress {
  readonly lineage: string;
  readonly epoch: number;
  through: number | undefined;
  /** Ids of the rows of the last batch that were refused. */
  refused: readonly string[];
}

/** A store outside, which outlives every crash of the pipeline. */
export class SimStore {
  readonly plan: SinkPlan;
  /** The last row of each id. */
  readonly rows = new Map<string, ResultRow>();
  /** `id revision`: what was refused. */
  readonly refused = new Set<string>();
  readonly #world: World;
  /** `id revision`: what was written, as text, and how often. */
  readonly #writes = new Map<string, { readonly text: string; count: number }>();
  #progress: Progress | undefined;
  /** Writes that are on their way to the store. */
  readonly #underWay = new Map<() => void, Life>();

  constructor(world: World, plan: SinkPlan) {
    this.#world = world;
    this.plan = plan;
  }

  settings(life: Life): SinkSettings {
    const { plan } = this;
    const world = this.#world;
    const definition = defineSink<Record<string, never>, Record<string, never>>({
      name: "simulated",
      summary: "Keeps rows in memory.",
      delivery: plan.delivery,
      options: { "~standard": { version: 1, vendor: "test" } },
      example: {},
      describe: () => "memory",
      open: async (_options, context, signal) => {
        await world.moment(`${plan.name}.open`, life, signal);
        if (world.fails("sinkOpenFails")) throw new TransientError("Cannot open");
        const progress = this.#takeOver(context);
        return this.#writer(life, context, progress);
      },
    });
    return { name: plan.name, definition, options: {} };
  }

  /** The process that wrote has died: what was on its way arrives, arrives later, or never. */
  processDied(life: Life, after: Life): void {
    for (const [apply, of] of this.#underWay) {
      if (of !== life) continue;
      this.#underWay.delete(apply);
      const fate = this.#world.random.next();
      if (fate < 0.4) apply();
      else if (fate < 0.7) {
        void this.#world.moment(`${this.plan.name}.straggler`, after).then(apply);
      }
    }
  }

  #takeOver({ owner }: SinkContext): number | undefined {
    if (this.plan.delivery !== "transactional") return undefined;
    const found = this.#progress;
    const isOurs = found?.lineage === owner.lineage;
    if (isOurs && found.epoch > owner.epoch) throw new FatalError("fenced by a newer start");
    const through = isOurs ? found.through : undefined;
    this.#progress = {
      lineage: owner.lineage,
      epoch: owner.epoch,
      through,
      refused: isOurs ? found.refused : [],
    };
    this.#world.scheduler.note(`${this.plan.name} taken over at ${through}`);
    return through;
  }

  #writer(life: Life, context: SinkContext, progress: number | undefined): SinkWriter {
    return {
      progress,
      write: (batch, signal) => this.#write(batch, { life, context, signal }),
      async close() {},
    };
  }

  async #write(
    batch: RowBatch,
    { life, context, signal }: { life: Life; context: SinkContext; signal: AbortSignal },
  ): Promise<WriteOutcome> {
    const world = this.#world;
    const { name } = this.plan;
    if (!life.isAlive) return await new Promise(() => {}); // what a dead process does never happens
    const { epoch } = context.owner;
    const apply = (): RefusedRow[] => this.#apply(batch, epoch);
    const arrive = (): void => void apply();
    this.#underWay.set(arrive, life);
    try {
      await world.moment(`${name}.write`, life, signal);
      if (world.fails("writeFails")) throw new TransientError("Connection refused");
      if (world.fails("writeSlow")) await this.#sleep(world.random.next() * 20_000, life, signal);
      if (world.fails("writeHangs")) {
        await this.#sleep(GIVE_UP_MS, life, signal);
        throw new TransientError("No answer in time");
      }
      if (world.fails("writePartly")) {
        if (this.plan.delivery !== "transactional") {
          this.#apply({ ...batch, rows: batch.rows.slice(0, -1) }, epoch);
        }
        throw new TransientError("Connection lost while writing");
      }
    } finally {
      this.#underWay.delete(arrive);
    }
    const refused = apply();
    await world.moment(`${name}.answer`, life, signal);
    if (world.fails("writeLost")) throw new TransientError("Connection lost after writing");
    return { refused };
  }

  #sleep(ms: number, life: Life, signal: AbortSignal): Promise<void> {
    return this.#world.scheduler.wait(`${this.plan.name}.wait`, ms, life, signal);
  }

  /** The store does its work, whoever still listens. */
  #apply({ rows, through }: RowBatch, epoch: number): RefusedRow[] {
    const isRefused = ({ name }: ResultRow): boolean => this.plan.refuses.includes(name);
    if (this.#progress !== undefined) {
      if (this.#progress.epoch !== epoch) return [];
      const done = this.#progress.through ?? 0;
      if (done >= through) {
        const known = done === through ? this.#progress.refused : [];
        return rows.flatMap(({ id }, index) =>
          known.includes(id) ? [{ index, reason: "not wanted" }] : [],
        );
      }
    }
    const refused = rows.flatMap((row, index) =>
      isRefused(row) ? [{ index, reason: "not wanted" }] : [],
    );
    for (const row of rows) {
      if (isRefused(row)) this.refused.add(`${row.id} ${row.revision}`);
      else this.#put(row);
    }
    if (this.#progress !== undefined) {
      this.#progress.through = through;
      this.#progress.refused = refused.map(({ index }) => rows[index]!.id);
    }
    this.#world.scheduler.note(`${this.plan.name} has ${rows.length} rows, through ${through}`);
    return refused;
  }

  #put(row: ResultRow): void {
    const { id, revision } = row;
    const key = `${id} ${revision}`;
    const text = rowToJson(row);
    const before = this.#writes.get(key);
    const isTransactional = this.plan.delivery === "transactional";
    const { name } = this.plan;
    if (before === undefined) this.#writes.set(key, { text, count: 1 });
    else before.count++;
    this.#world.expect(before === undefined || before.text === text, () => {
      return `sink ${name} has two contents of one revision: ${before?.text} and ${text}`;
    });
    this.#world.expect(before === undefined || !isTransactional, () => {
      return `sink ${name}, exactly once, was given a row twice: ${text}`;
    });
    const kept = this.rows.get(id);
    if (kept === undefined || kept.revision <= revision) this.rows.set(id, row);
    else {
      this.#world.expect(!isTransactional, () => `sink ${name} was given an older row: ${text}`);
    }
  }
}
