import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { secondsOf } from "../../src/core/time.ts";
import { keySeal } from "../../src/state/seal.ts";
import { STATE_FILE, State } from "../../src/state/state.ts";
import type { Life } from "./scheduler.ts";
import type { World } from "./world.ts";

/** Thrown where the process dies; nobody outside hears of it. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Where in a transaction of the state the process dies. `torn`: while it is written. */
export type CrashPoint = "before" | "after" | "torn";

/** The files of a state at one moment. */
interface Image {
  readonly database: Uint8Array;
  readonly log: Uint8Array;
}

/** Bytes of a page of SQLite. */
const PAGE_BYTES = 4096;

/** The state of one life: the real one, in a folder of its own, that goes wrong as the seed says. */
export class SimState {
  readonly state: State;
  readonly dir: string;
  /** The process dies at the next transaction, and there. */
  crashAt: CrashPoint | undefined;
  /** Where it died in a transaction; undefined: it did not. */
  diedAt: CrashPoint | undefined;
  /** What was on disk when it died; undefined: the files as they are. */
  #image: Image | undefined;
  readonly #world: World;
  readonly #life: Life;
  #fullUntilMs = 0;
  /** The last transaction found no room. */
  isFull = false;

  /** @param options.dir The folder of this life; holds what the life before it left. */
  constructor(world: World, options: { life: Life; dir: string }) {
    this.#world = world;
    this.#life = options.life;
    this.dir = options.dir;
    const { plan } = world;
    this.state = State.open({
      dir: options.dir,
      pipeline: "simulated",
      share: "0/1",
      sinks: plan.sinks.map(({ name }) => name),
      now: secondsOf(world.scheduler.clockOf(options.life).now()),
      outboxBytesMax: plan.outboxBytesMax,
      ...(plan.isSealed ? { seal: keySeal(new Uint8Array(32).fill(7)) } : {}),
    });
    this.#guardTransactions();
  }

  /** Leaves the files for the next life, as they were when this one died. */
  leaveTo(dir: string): void {
    mkdirSync(dir);
    const image = this.#image ?? this.#read();
    this.state.close();
    writeFileSync(join(dir, STATE_FILE), image.database);
    writeFileSync(join(dir, `${STATE_FILE}-wal`), image.log);
  }

  /** Leaves the files for the next life after an orderly stop. */
  moveTo(dir: string): void {
    this.state.close();
    mkdirSync(dir);
    for (const name of [STATE_FILE, `${STATE_FILE}-wal`]) {
      if (existsSync(join(this.dir, name))) copyFileSync(join(this.dir, name), join(dir, name));
    }
  }

  /**
   * The process dies while SQLite moves what is in its log to the database: some pages of it are there, others
   * not, and the log is whole.
   */
  dieMovingTheLog(): void {
    const before = this.#read();
    const other = new DatabaseSync(join(this.dir, STATE_FILE));
    other.exec("pragma wal_checkpoint(passive)");
    other.close();
    const after = this.#read();
    const database = Uint8Array.from(after.database);
    const common = Math.min(before.database.length, database.length);
    for (let at = 0; at < common; at += PAGE_BYTES) {
      const end = at + this.#world.random.pick([0, PAGE_BYTES >> 1, PAGE_BYTES, PAGE_BYTES]);
      database.set(before.database.subarray(at, end), at);
    }
    this.#image = { database, log: before.log };
    this.#life.isAlive = false;
  }

  /** Every transaction of the state goes through here: a full disk, or the end of the process. */
  #guardTransactions(): void {
    const { state } = this;
    const commit = state.commit.bind(state);
    const confirm = state.confirm.bind(state);
    state.commit = (checkpoint) => this.#transaction("commit", () => commit(checkpoint));
    state.confirm = (sink, through, more) => {
      this.#transaction(`confirm ${sink} ${through}`, () => confirm(sink, through, more));
    };
    // The last thing that a transaction does: all before it has to be undone.
    const { deadLetters } = state;
    const store = deadLetters.store.bind(deadLetters);
    deadLetters.store = (refusals, receivedAt) => {
      store(refusals, receivedAt);
      if (this.isFull) {
        throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
      }
    };
  }

  #transaction(label: string, work: () => void): void {
    const world = this.#world;
    if (!this.#life.isAlive) throw new Crash("This process is dead");
    const { nowMs } = world.scheduler;
    if (world.fails("diskFills")) this.#fullUntilMs = nowMs + world.random.next() * 30_000;
    this.isFull = !world.isHealing && nowMs < this.#fullUntilMs;
    world.scheduler.note(`${label}${this.isFull ? " on a full disk" : ""}`);
    const crashAt = this.crashAt;
    if (crashAt === undefined) return work();
    const before = this.#read();
    if (crashAt !== "before") work();
    const after = crashAt === "before" ? before : this.#read();
    this.#image = crashAt === "torn" ? this.#torn(before, after) : after;
    world.scheduler.note(`dies ${crashAt} ${label}`);
    this.#life.isAlive = false;
    this.diedAt = crashAt;
    throw new Crash("The process died");
  }

  /**
   * The transaction was being written: its part of the log may be there up to any byte, and what is behind
   * may be anything. What was on disk before it is there.
   */
  #torn(before: Image, after: Image): Image {
    const { random } = this.#world;
    const log = Uint8Array.from(after.log);
    // A log that was begun anew is written from its start.
    let first = 0;
    const same = Math.min(before.log.length, log.length);
    while (first < same && before.log[first] === log[first]) first++;
    const cut = random.whole(first, log.length);
    if (random.chance(0.3)) {
      for (let i = cut; i < log.length; i++) log[i] = random.whole(0, 255);
      return { database: before.database, log };
    }
    const old = before.log.subarray(cut);
    const torn = new Uint8Array(cut + old.length);
    torn.set(log.subarray(0, cut));
    torn.set(old, cut);
    return { database: before.database, log: torn };
  }

  #read(): Image {
    const read = (name: string): Uint8Array => {
      const path = join(this.dir, name);
      return existsSync(path) ? readFileSync(path) : new Uint8Array(0);
    };
    return { database: read(STATE_FILE), log: read(`${STATE_FILE}-wal`) };
  }
}
