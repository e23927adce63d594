import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, TransientError } from "../../src/core/errors.ts";
import { emptyLedger } from "../../src/core/ledger.ts";
import { SHUTDOWN_MS_MAX } from "../../src/core/limits.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { ReplayQuery } from "../../src/pipeline/control.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { replayLetters } from "../../src/pipeline/replay-letters.ts";
import { type Bug, plantInPipeline, plantInSettings, plantInState } from "./bugs.ts";
import {
  type Account,
  accountOf,
  checkCheckpoint,
  checkEnd,
  checkRestored,
  NO_LETTERS,
  takenBy,
} from "./checks.ts";
import { planOf } from "./plan.ts";
import { Random } from "./random.ts";
import { Life } from "./scheduler.ts";
import { settingsFor } from "./settings-for.ts";
import { SimLog } from "./sim-log.ts";
import { SimStore } from "./sim-sink.ts";
import { positionsOf } from "./sim-source.ts";
import { type CrashPoint, SimState } from "./sim-state.ts";
import { totalOf, World } from "./world.ts";

/** Steps of one life, and virtual time of the healing, after which it is clear that nothing comes. */
const STEPS_MAX = 50_000;
const STEPS_TO_A_FULL_DISK = 200;
const HEALING_MS_MAX = 3_600_000;

export interface Outcome {
  readonly seed: number;
  /** The first rule that was broken; undefined: none was. */
  readonly violation: string | undefined;
  /** What happened, in order; equal for equal seeds. */
  readonly trace: readonly string[];
  readonly hash: string;
  readonly lives: number;
  readonly virtualMs: number;
}

export interface SimulationOptions {
  readonly bug?: Bug | undefined;
  /** Whether an operator has dead letters come back now and then. */
  readonly replays?: boolean;
}

/** Runs the real pipeline through everything that `seed` says, and checks what it promises. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Outcome> {
  const simulation = new Simulation(seed, options);
  await simulation.run();
  const { world, lives } = simulation;
  const { trace, nowMs } = world.scheduler;
  const hash = createHash("sha256").update(trace.join("\n")).digest("hex");
  return { seed, violation: world.violation?.message, trace, hash, lives, virtualMs: nowMs };
}

/** When a life ends by itself, counted in steps of the scheduler. */
interface Fate {
  readonly atStep: number;
  /** A stop that waits until the disk is full, for some steps at most. */
  readonly waitsForFullDisk: boolean;
  readonly kind: "stop" | "at an await" | "moving the log" | CrashPoint | "none";
}

const DEATHS = ["at an await", "before", "after", "torn", "moving the log"] as const;

class Simulation {
  readonly world: World;
  lives = 0;
  readonly #bug: Bug | undefined;
  readonly #random: Random;
  /** Of its own: whether letters come back changes nothing else that the seed says. */
  readonly #letters: Random;
  #replaysLeft: number;
  readonly stores: readonly SimStore[];
  readonly #root: string;
  /** What happens outside goes on whatever dies here. */
  readonly #outside = new Life(0);
  #crashesLeft: number;
  #stopsLeft: number;
  #jumpsLeft: number;
  /** Whether this life was asked to stop; otherwise the source ended. */
  #wasAsked = false;
  readonly #faultsUntilMs: number;
  #lineage: string | undefined;
  /** What the next life may begin with: two when it is not known whether the last transaction was. */
  #candidates: Account[] = [
    { cursor: undefined, ledger: emptyLedger(), watermark: -Infinity, taken: NO_LETTERS },
  ];

  constructor(seed: number, { bug, replays = false }: SimulationOptions) {
    const random = new Random(seed);
    const plan = planOf(random.fork());
    const log = new SimLog(plan, random.fork());
    this.world = new World({ plan, log, random: random.fork(), hasReplays: replays });
    this.#random = random;
    this.#bug = bug;
    this.#letters = new Random(seed + 1_000_000);
    this.#replaysLeft = replays ? this.#letters.pick([1, 4, 20]) : 0;
    this.stores = plan.sinks.map((sink) => new SimStore(this.world, sink));
    this.#crashesLeft = plan.crashes;
    this.#stopsLeft = plan.stops;
    this.#jumpsLeft = plan.wallJumps;
    this.#faultsUntilMs = log.endMs * random.next() * 1.5;
    const shared = "/dev/shm"; // memory: what is simulated here is not the disk
    this.#root = mkdtempSync(join(existsSync(shared) ? shared : tmpdir(), "aggregator-sim-"));
  }

  async run(): Promise<void> {
    try {
      let dir = join(this.#root, "1");
      mkdirSync(dir);
      // Once more after it is done: a start that finds nothing new does nothing.
      for (let done = 0; done < 2 && this.world.violation === undefined; ) {
        const next = join(this.#root, String(this.lives + 2));
        if (await this.#live(dir, next)) done++;
        rmSync(dir, { recursive: true });
        dir = next;
      }
    } finally {
      rmSync(this.#root, { recursive: true });
    }
  }

  /** One start of the pipeline, until it stops or dies. Returns whether all is done and delivered. */
  async #live(dir: string, next: string): Promise<boolean> {
    const { world } = this;
    const { scheduler } = world;
    const life = new Life(++this.lives);
    scheduler.note(`life ${life.number}`);
    const own = new SimState(world, { life, dir });
    plantInState(this.#bug, own.state);
    const pipeline = new Pipeline(plantInSettings(this.#bug, settingsFor(life, this)), {
      clock: scheduler.clockOf(life),
      logger: this.#logger(life),
      state: own.state,
      log: undefined,
      random: () => this.#random.next(),
    });
    this.#candidates = [checkRestored(world, { pipeline, candidates: this.#candidates })];
    this.#lineage ??= own.state.lineage;
    world.expect(own.state.lineage === this.#lineage, () => "the state forgot its lineage");
    world.expect(own.state.epoch === life.number, () => `start ${own.state.epoch} by its epoch`);
    this.#watchCommits(life, { own, pipeline });
    plantInPipeline(this.#bug, pipeline);
    const stopped = await this.#drive(life, { own, pipeline });
    if (!stopped) {
      scheduler.drop(life);
      for (const store of this.stores) store.processDied(life, this.#outside);
      own.leaveTo(next);
      await this.#passTime(life);
      return false;
    }
    const isDone = this.#isDone(pipeline, "stopped");
    const account = this.#candidates[0]!;
    if (isDone) checkEnd(world, { pipeline, stores: this.stores, account });
    scheduler.drop(life);
    own.moveTo(next);
    if (!isDone) await this.#passTime(life);
    return isDone;
  }

  /** Runs the pipeline. Returns whether it stopped in order; false: it died. */
  async #drive(
    life: Life,
    { own, pipeline }: { own: SimState; pipeline: Pipeline },
  ): Promise<boolean> {
    const { world } = this;
    const { scheduler } = world;
    const stop = new AbortController();
    this.#wasAsked = false;
    let ended = false;
    const stopped = (): void => void (ended = true);
    const failed = (failure: unknown): void => {
      ended = true;
      // Of a dead process nobody hears anything.
      world.expect(!life.isAlive, () => `the pipeline failed: ${messageOf(failure)}`);
    };
    pipeline.run(stop.signal).then(stopped, failed);
    const fate = this.#fate();
    let stopMs = Infinity;
    for (let step = 1; ; step++) {
      const isWaited = await scheduler.step();
      if (!life.isAlive || world.violation !== undefined) return false;
      if (ended) return true;
      world.expect(isWaited, () => "everything waits for ever");
      world.expect(step < STEPS_MAX, () => `no end after ${step} steps`);
      this.#heal();
      if (step === fate.atStep) {
        scheduler.note(`fate: ${fate.kind}`);
        if (fate.kind === "at an await") return false;
        if (fate.kind === "moving the log") {
          own.dieMovingTheLog();
          return false;
        }
        own.crashAt = fate.kind === "stop" || fate.kind === "none" ? undefined : fate.kind;
      }
      const isAsked =
        fate.kind === "stop" &&
        step >= fate.atStep &&
        (!fate.waitsForFullDisk || own.isFull || step > fate.atStep + STEPS_TO_A_FULL_DISK);
      const isOver = isAsked || this.#isDone(pipeline, "running");
      if (isOver && stopMs === Infinity) {
        stopMs = scheduler.nowMs;
        this.#wasAsked = true;
        scheduler.note("stop");
        stop.abort();
      }
      world.expect(
        scheduler.nowMs - stopMs <= SHUTDOWN_MS_MAX + 1,
        () => "it does not stop in time",
      );
      this.#jumpWall();
      this.#replay(life, pipeline);
    }
  }

  /** An operator has letters come back: at any moment, also while others do. */
  #replay(life: Life, pipeline: Pipeline): void {
    const random = this.#letters;
    if (this.#replaysLeft === 0 || !random.chance(0.03)) return;
    this.#replaysLeft--;
    const query = random.pick<ReplayQuery>([
      {},
      {},
      { reason: "refused" },
      { reason: "future" },
      { through: random.whole(1, 50) },
    ]);
    const { world } = this;
    const say = (what: string): void => {
      if (life.isAlive) world.scheduler.note(what);
    };
    say(`letters ${JSON.stringify(query)} are to come back`);
    replayLetters(pipeline, query).then(
      (outcome) => say(`letters came back: ${JSON.stringify(outcome)}`),
      (failure: unknown) => {
        // The message may hold paths.
        say("letters do not come back, or not all");
        const isExpected = failure instanceof TransientError || !life.isAlive;
        world.expect(isExpected, () => `a replay failed: ${messageOf(failure)}`);
      },
    );
  }

  #fate(): Fate {
    const atStep = this.#random.whole(1, this.#random.pick([10, 60, 400]));
    const waitsForFullDisk = this.#random.chance(0.5);
    if (this.#crashesLeft > 0 && this.#random.chance(0.7)) {
      this.#crashesLeft--;
      return { atStep, waitsForFullDisk, kind: this.#random.pick(DEATHS) };
    }
    if (this.#stopsLeft > 0) {
      this.#stopsLeft--;
      return { atStep, waitsForFullDisk, kind: "stop" };
    }
    return { atStep, waitsForFullDisk, kind: "none" };
  }

  #heal(): void {
    const { world } = this;
    const { nowMs } = world.scheduler;
    if (!world.isHealing && nowMs >= this.#faultsUntilMs) {
      world.isHealing = true;
      world.scheduler.note("all heals from here on");
    }
    const lastMs = Math.max(this.#faultsUntilMs, world.log.endMs);
    world.expect(nowMs < lastMs + HEALING_MS_MAX, () => "it did not heal");
  }

  /** Some time passes until the next start. */
  async #passTime(life: Life): Promise<void> {
    const { scheduler } = this.world;
    const ms = this.#random.pick([0, 100, 5_000, 60_000]);
    const untilMs = scheduler.nowMs + ms;
    let isOver = false;
    void scheduler.wait("downtime", ms, this.#outside).then(() => void (isOver = true));
    while (!isOver) await scheduler.step();
    scheduler.note(`life ${life.number} was over ${(scheduler.nowMs - untilMs).toFixed(0)} ms ago`);
  }

  #jumpWall(): void {
    if (this.#jumpsLeft === 0 || !this.#random.chance(0.01)) return;
    this.#jumpsLeft--;
    this.world.scheduler.wallOffMs += this.#random.whole(-100_000, 100_000);
    this.world.scheduler.note("the wall clock jumps");
  }

  /** Whether all is read, fired and delivered. */
  #isDone(pipeline: Pipeline, when: "running" | "stopped"): boolean {
    const { world } = this;
    const { plan, log, isHealing } = world;
    if (!isHealing || totalOf(world.committed) < log.size) return false;
    if (!pipeline.store.outbox.isEmpty) return false;
    // The source says when it ends; the pipeline stops by itself.
    if (plan.ending === "end") return when === "stopped" && !this.#wasAsked;
    // One that holds nothing, since its events were over the limit, waits for event time to go on.
    return pipeline.processor.engine.windows().every(({ count }) => count === 0);
  }

  #watchCommits(life: Life, { own, pipeline }: { own: SimState; pipeline: Pipeline }): void {
    const { world } = this;
    const { state } = own;
    const commit = state.commit.bind(state);
    state.commit = (checkpoint) => {
      // It died in a replay, and its loop has not heard of it.
      if (!life.isAlive) return commit(checkpoint);
      const before = this.#candidates[0]!;
      checkCheckpoint(world, { pipeline, before, checkpoint });
      const taken = takenBy(world, { state, before: before.taken, checkpoint });
      // The last rows leave the stored windows as they are.
      const after = checkpoint.isLast === true ? before : accountOf(pipeline, taken);
      try {
        commit(checkpoint);
      } catch (failure) {
        if (own.diedAt === "torn") this.#candidates = [before, after];
        else if (own.diedAt === "after") this.#committed(after);
        throw failure;
      }
      this.#committed(after);
    };
  }

  #committed(account: Account): void {
    this.#candidates = [account];
    this.world.committed = positionsOf(account.cursor);
  }

  /** Messages are part of the trace; their fields may hold paths. */
  #logger(life: Life): Logger {
    const say = (message: string): void => {
      if (life.isAlive) this.world.scheduler.note(message);
    };
    return { trace: say, debug: say, info: say, warn: say, error: say };
  }
}
