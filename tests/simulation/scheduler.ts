import type { Clock } from "../../src/core/clock.ts";
import { CALL_MS_MAX, CLOSE_MS_MAX, OPEN_MS_MAX } from "../../src/core/limits.ts";
import { type EpochMicros, epochMicros } from "../../src/core/time.ts";
import type { Random } from "./random.ts";

/** One start of the pipeline, until it stops or crashes. What it waits for dies with it. */
export class Life {
  readonly number: number;
  isAlive = true;

  constructor(number: number) {
    this.number = number;
  }
}

interface Task {
  readonly label: string;
  readonly life: Life;
  atMs: number;
  readonly run: () => void;
}

/** Waits of these lengths watch over a call: one that is over in time must not cost a turn. */
const LIMITS_MS = [OPEN_MS_MAX, CALL_MS_MAX, CLOSE_MS_MAX];

/** The wall clock when a simulation begins: a whole hour. */
export const START_SECONDS = 1_699_999_200;

/**
 * The only source of time and of order. Whoever waits for anything outside the pipeline has a task here;
 * one is let go at a time, chosen by the seed among those that are due.
 */
export class Scheduler {
  nowMs = 0;
  /** How far the wall clock is from where it should be, in milliseconds. */
  wallOffMs = 0;
  readonly trace: string[] = [];
  readonly #random: Random;
  #tasks: Task[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  note(what: string): void {
    this.trace.push(`${this.nowMs.toFixed(3)} ${what}`);
  }

  /**
   * Resolves when its turn comes, `ms` from now at the earliest, or soon after `signal` aborted. Of a life
   * that has ended: never.
   */
  wait(label: string, ms: number, life: Life, signal?: AbortSignal): Promise<void> {
    if (!life.isAlive) return new Promise(() => {});
    return new Promise((resolve) => {
      const dueMs = this.nowMs + (signal?.aborted === true ? 0 : Math.max(ms, 0));
      const hurry = (): void => {
        task.atMs = Math.min(task.atMs, this.nowMs);
        if (!LIMITS_MS.includes(ms)) return;
        this.#tasks = this.#tasks.filter((other) => other !== task);
        resolve();
      };
      const run = (): void => {
        signal?.removeEventListener("abort", hurry);
        resolve();
      };
      const task: Task = { label, life, atMs: dueMs, run };
      this.#tasks.push(task);
      signal?.addEventListener("abort", hurry, { once: true });
    });
  }

  /** Lets one task go, and everything run that follows from it. False when nobody waits. */
  async step(): Promise<boolean> {
    await turn();
    if (this.#tasks.length === 0) return false;
    const soonestMs = this.#tasks.reduce((min, { atMs }) => Math.min(min, atMs), Infinity);
    this.nowMs = Math.max(this.nowMs, soonestMs);
    const due = this.#tasks.filter(({ atMs }) => atMs <= this.nowMs);
    const task = this.#random.pick(due);
    this.#tasks.splice(this.#tasks.indexOf(task), 1);
    this.note(`${task.life.number} ${task.label}`);
    task.run();
    await turn();
    return true;
  }

  /** The life has ended: nothing that it waits for ever comes. */
  drop(life: Life): void {
    life.isAlive = false;
    this.#tasks = this.#tasks.filter((task) => task.life !== life);
  }

  clockOf(life: Life): Clock {
    const bornMs = this.nowMs;
    return {
      now: (): EpochMicros =>
        epochMicros(START_SECONDS * 1e6 + Math.floor((this.nowMs + this.wallOffMs) * 1000)),
      // Every process has its own start of the monotonic clock.
      monotonicMs: (): number => this.nowMs - bornMs + 1000 * life.number,
      sleep: (ms, signal) => this.wait("sleep", ms, life, signal),
    };
  }
}

/** Every microtask runs before the next turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    // A loop that waits for something else may leave an immediate lying: then a timer comes to its aid.
    const timer = setTimeout(resolve, 5);
    setImmediate(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
