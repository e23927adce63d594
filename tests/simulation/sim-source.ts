import { TransientError } from "../../src/core/errors.ts";
import type { Refusal } from "../../src/core/event.ts";
import { SCAN_SLACK_BYTES } from "../../src/core/limits.ts";
import type { SourceSettings } from "../../src/core/settings.ts";
import {
  defineSource,
  type EventBatch,
  type SourceContext,
  type SourceRead,
  type SourceReader,
} from "../../src/core/source.ts";
import type { Life } from "./scheduler.ts";
import type { SimRecord } from "./sim-log.ts";
import { isWithin, type Positions, type World } from "./world.ts";

/** How long a call may take before its client gives up. */
const GIVE_UP_MS = 30_000;

/** A log in memory, read from a cursor, that goes wrong as the seed says. */
export function simSource(world: World, life: Life): SourceSettings {
  const definition = defineSource<Record<string, never>, Record<string, never>>({
    name: "simulated",
    summary: "A log in memory.",
    replay: () => "cursor",
    carriesMetrics: false,
    options: { "~standard": { version: 1, vendor: "test" } },
    example: {},
    describe: () => "a log in memory",
    async open(_options, context, signal) {
      await world.moment("source.open", life, signal);
      if (world.fails("openFails")) throw away("Cannot open", world);
      return new SimReader(world, life, context);
    },
  });
  return { definition, options: {} };
}

function away(what: string, world: World): TransientError {
  const asked = world.random.chance(0.2);
  return new TransientError(what, asked ? { retryAfterMs: world.random.whole(0, 20_000) } : {});
}

class SimReader implements SourceReader {
  readonly partitions?: readonly string[];
  readonly caughtUp?: () => readonly string[];
  readonly hold?: (partitions: readonly string[]) => void;
  readonly #all: readonly string[];
  readonly #world: World;
  readonly #life: Life;
  readonly #waitMsMax: number;
  readonly #positions: Record<string, number> = {};
  #held: readonly string[] = [];
  /** The bytes of the last read, which are no longer valid at the next one. */
  #bytes: Uint8Array | undefined;

  constructor(world: World, life: Life, context: SourceContext) {
    this.#world = world;
    this.#life = life;
    this.#waitMsMax = context.waitMsMax;
    this.#all = [...world.log.partitions.keys()];
    if (world.plan.tellsPartitions) {
      this.partitions = this.#all;
      this.caughtUp = () => this.#all.filter((partition) => !this.#hasMore(partition));
      this.hold = (partitions) => {
        this.#held = partitions;
      };
    }
    const from = positionsOf(context.cursor);
    for (const partition of this.#all) this.#positions[partition] = from[partition] ?? 0;
    world.expect(isWithin(world.acknowledged, this.#positions), () => {
      return `the source was opened at ${context.cursor}, before what was acknowledged`;
    });
    world.scheduler.note(`opened at ${context.cursor}`);
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    const world = this.#world;
    this.#bytes?.fill(120);
    await world.moment("source.read", this.#life, signal);
    if (world.fails("readFails")) throw away("Cannot read", world);
    if (world.fails("readHangs")) {
      await this.#sleep(GIVE_UP_MS, signal);
      throw away("No answer in time", world);
    }
    if (world.fails("readSlow")) await this.#sleep(world.random.next() * 20_000, signal);
    if (this.#ready().length === 0) {
      if (this.#isAtEnd()) return { kind: "end" };
      await this.#sleep(Math.min(this.#waitMsMax, this.#untilNextMs()), signal);
    }
    if (signal.aborted) throw new TransientError("Stopped");
    const ready = this.#ready();
    if (ready.length === 0) {
      // Late is what comes between the look and the answer.
      if (world.plan.regime === "wild") await world.moment("source.empty", this.#life, signal);
      return { kind: "empty" };
    }
    const batch = this.#take(world.random.pick(ready));
    if (world.fails("readLost")) throw away("Connection lost while reading", world);
    world.scheduler.note(`read to ${batch.cursor}`);
    return { kind: "batch", batch };
  }

  async ack(cursor: string, signal: AbortSignal): Promise<void> {
    const world = this.#world;
    const positions = positionsOf(cursor);
    world.expect(isWithin(positions, world.committed), () => {
      return `${cursor} was acknowledged, but only ${JSON.stringify(world.committed)} is committed`;
    });
    await world.moment("source.ack", this.#life, signal);
    if (world.fails("ackFails")) throw away("Cannot acknowledge", world);
    world.acknowledged = positions;
    world.scheduler.note(`acknowledged ${cursor}`);
    if (world.fails("ackLost")) throw away("Connection lost after the acknowledgement", world);
  }

  async close(): Promise<void> {
    this.#bytes?.fill(120);
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#world.scheduler.wait("source.wait", ms, this.#life, signal);
  }

  #recordsOf(partition: string): readonly SimRecord[] {
    return this.#world.log.partitions.get(partition)!;
  }

  #hasMore(partition: string): boolean {
    return this.#nextMs(partition) <= this.#world.scheduler.nowMs;
  }

  #ready(): string[] {
    const ready = this.#all.filter((one) => this.#hasMore(one) && !this.#held.includes(one));
    if (this.#world.plan.tellsPartitions) return ready;
    const oldestMs = Math.min(...ready.map((one) => this.#nextMs(one)));
    return ready.filter((one) => this.#nextMs(one) === oldestMs);
  }

  /** When the next record of a partition is produced; Infinity: there is none. */
  #nextMs(partition: string): number {
    return this.#recordsOf(partition)[this.#positions[partition]!]?.producedMs ?? Infinity;
  }

  #isAtEnd(): boolean {
    const { plan, isHealing } = this.#world;
    if (plan.ending !== "end" || !isHealing) return false;
    return this.#all.every((one) => this.#positions[one] === this.#recordsOf(one).length);
  }

  #untilNextMs(): number {
    const waits = this.#all.map((one) => this.#nextMs(one) - this.#world.scheduler.nowMs);
    return Math.min(...waits.filter((ms) => ms > 0));
  }

  /** Some of the records that are there, cut anywhere between two of them. */
  #take(partition: string): EventBatch {
    const { random, plan, scheduler } = this.#world;
    const first = this.#positions[partition]!;
    const others = this.#all.filter((one) => one !== partition);
    const untilMs = plan.tellsPartitions
      ? scheduler.nowMs
      : Math.min(scheduler.nowMs, ...others.map((one) => this.#nextMs(one)));
    const there = this.#recordsOf(partition)
      .slice(first, first + random.whole(1, plan.batchMax))
      .filter(({ producedMs }) => producedMs <= untilMs);
    this.#positions[partition] = first + there.length;
    const lines = there.filter(({ isTooLarge }) => !isTooLarge).map(({ line }) => line);
    const text = lines.map((line) => `${line}${random.chance(0.1) ? "\r" : ""}\n`).join("");
    const encoded = new TextEncoder().encode(text);
    const bytes = new Uint8Array(encoded.length + (random.chance(0.5) ? SCAN_SLACK_BYTES : 0));
    bytes.set(encoded);
    this.#bytes = bytes;
    const refusals = there
      .map(({ isTooLarge }, i) => ({ isTooLarge, at: `${partition}@${first + i}` }))
      .filter(({ isTooLarge }) => isTooLarge)
      .map(({ at }): Refusal => ({ reason: "too_large", detail: "too large", event: "", at }));
    return {
      partition,
      bytes,
      length: encoded.length,
      cursor: JSON.stringify(this.#positions),
      place: (line) => `${partition}@${first} line ${line}`,
      pending: this.#all.some((one) => this.#hasMore(one)) ? undefined : 0,
      refusals,
      gap: undefined,
    };
  }
}

/** Reads back a cursor of the source; undefined: its start. */
export function positionsOf(cursor: string | undefined): Positions {
  // Only the reader writes it.
  return cursor === undefined ? {} : (JSON.parse(cursor) as Positions);
}
