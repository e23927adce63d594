import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Cron } from "croner";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { PRIVATE } from "../../core/private.ts";
import type { BackupSettings } from "../../core/settings.ts";
import { secondsOf } from "../../core/time.ts";
import type { Seal } from "../seal.ts";
import { namesOf } from "./locate.ts";
import { backupName, type JournalFolder, partsOfName } from "./manifest.ts";
import { takeBackup } from "./take.ts";
import type { BackupTarget } from "./target.ts";

/** One that failed is tried again so soon, even where the next one is a day away. */
const RETRY_MS = 60_000;

/** In the folder of the state: the name of the backup under way. */
const UNDER_WAY_FILE = "backup-under-way";

/** A half one that is not ours may be under way, made by hand: so long it is left alone. */
const HALF_KEPT_MS = 86_400_000;

export interface ScheduleOptions {
  readonly pipeline: string;
  readonly dir: string;
  readonly target: BackupTarget;
  readonly schedule: NonNullable<BackupSettings["schedule"]>;
  readonly keep: number;
  readonly seal: Seal;
  readonly journal: JournalFolder | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes backups beside a running pipeline. What goes wrong is told, and never stops the pipeline. */
export class ScheduledBackups {
  readonly #options: ScheduleOptions;
  #problem: string | undefined;
  /** When the last whole one was made. */
  #lastAt: Date | undefined;
  /** The one under way. */
  #making: Promise<void> | undefined;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Why there is no new backup; undefined when nothing is wrong. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** When the last whole backup was made; undefined: none is known of. */
  get lastAt(): Date | undefined {
    return this.#lastAt;
  }

  /**
   * Makes one now, beside those of the schedule; while one is under way, that one is waited for.
   *
   * @throws It cannot be made.
   */
  async makeNow(signal: AbortSignal = new AbortController().signal): Promise<void> {
    await this.#makeOne(signal);
    this.#problem = undefined;
  }

  /** Runs until `signal` aborts, which also gives up the backup under way. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await this.#attempt(() => this.#findLast(), signal);
    while (!signal.aborted) {
      const now = this.#now();
      const waitMs = this.#problem === undefined ? this.#next(now) - now.getTime() : RETRY_MS;
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      if (signal.aborted) return;
      await this.#attempt(() => this.#makeOne(signal), signal);
    }
  }

  /** A restart makes none too early, and none too late. */
  async #findLast(): Promise<void> {
    const { target, pipeline } = this.#options;
    const newest = (await namesOf(target, pipeline)).at(-1);
    this.#lastAt = newest === undefined ? undefined : partsOfName(newest)?.takenAt;
  }

  #next(now: Date): number {
    const { schedule } = this.#options;
    if (schedule.kind === "every") {
      if (this.#lastAt === undefined) return now.getTime();
      // A clock that was set back must not put it off for long.
      return Math.min(this.#lastAt.getTime(), now.getTime()) + schedule.everyMs;
    }
    const cron = new Cron(schedule.text, { paused: true, timezone: "UTC" });
    return cron.nextRun(now)?.getTime() ?? Infinity;
  }

  /** Two at a time would be in each other's way. */
  #makeOne(signal: AbortSignal): Promise<void> {
    this.#making ??= this.#make(signal).finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #make(signal: AbortSignal): Promise<void> {
    const { dir, target, seal, journal, keep, pipeline, logger } = this.#options;
    const now = this.#now();
    await this.#removeHalves(now);
    const underWay = join(dir, UNDER_WAY_FILE);
    await writeFile(underWay, `${backupName(pipeline, now)}\n`, { mode: PRIVATE.file });
    const { name, manifest } = await takeBackup({ dir, target, now, seal, journal, signal });
    await rm(underWay, { force: true });
    this.#lastAt = now;
    const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
    logger.info("A backup was made.", { name, bytes });
    const names = await namesOf(target, pipeline);
    for (const old of names.slice(0, Math.max(names.length - keep, 0))) {
      await target.remove(old);
      logger.info("An old backup was removed.", { name: old });
    }
  }

  /**
   * What a process that was killed has left of its backup: at once when the service made it, later when
   * somebody else did.
   */
  async #removeHalves(now: Date): Promise<void> {
    const { dir, target, pipeline, logger } = this.#options;
    const ours = await readFile(join(dir, UNDER_WAY_FILE), "utf8").catch(() => "");
    for (const name of await target.halves()) {
      const parts = partsOfName(name);
      if (parts?.pipeline !== pipeline) continue;
      const isOld = now.getTime() - parts.takenAt.getTime() > HALF_KEPT_MS;
      if (name !== ours.trim() && !isOld) continue;
      await target.remove(name);
      logger.info("Half a backup was removed, whose process had been killed.", { name });
    }
  }

  async #attempt(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await work();
      this.#problem = undefined;
    } catch (failure) {
      if (signal.aborted) return;
      this.#problem = messageOf(failure);
      this.#options.logger.error("Cannot make a backup; it is tried again in a minute.", {
        place: this.#options.target.place,
        error: this.#problem,
      });
    }
  }

  #now(): Date {
    return new Date(secondsOf(this.#options.clock.now()) * 1000);
  }
}
