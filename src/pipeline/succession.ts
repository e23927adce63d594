import { FatalError, messageOf, TransientError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { Backoff } from "./backoff.ts";
import { Pipeline, type PipelineOptions, type PipelineOutcome } from "./pipeline.ts";

export interface SuccessionOptions extends Omit<PipelineOptions, "former"> {
  /** What a pipeline is made of: the settings, with their source wrapped, say. */
  readonly prepare?: (settings: Settings) => Settings;
  /** Told when another pipeline begins, before it reads anything; and of the one that is in force again. */
  readonly onChange?: (settings: Settings) => void;
  /** Told that settings which were in force for a moment cannot be run. */
  readonly onFailure?: (failure: Error) => void;
}

/** What one change asks for. */
interface Change {
  readonly settings: Settings;
  readonly keepsReader: boolean;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Pipelines over one state, one after the other: when the settings change, the one that runs makes a
 * checkpoint and ends, and the next one goes on from there, in the same process. Rules that mean the same go
 * on as if nothing had happened; windows of the others go on under the meaning that they had.
 *
 * Settings that cannot be run (a sink that refuses us for good, say) give way to those before, if they did
 * not run for a moment at least.
 */
export class Succession {
  /** The pipeline that runs; while one makes place for the next, that one still. */
  current: Pipeline;
  /** Those in force, as they were given. */
  settings: Settings;
  readonly #options: SuccessionOptions;
  #change: Change | undefined;
  /** What ran before, until the present one has shown that it can run. */
  #before: Settings | undefined;
  /** Those whose sinks the state keeps rows for. */
  #served: Settings;
  #hasEnded = false;

  constructor(settings: Settings, options: SuccessionOptions) {
    this.#options = options;
    this.settings = settings;
    this.#served = settings;
    this.current = this.#make(settings);
  }

  /**
   * Runs until the source ends or `stop` aborts.
   *
   * @throws {FatalError} Some part cannot go on, whatever is tried.
   */
  async run(stop: AbortSignal): Promise<void> {
    try {
      let outcome: PipelineOutcome;
      do outcome = await this.#runOne(stop);
      while (outcome === "left");
    } finally {
      this.#hasEnded = true;
      this.#change?.done.reject(new TransientError("Cannot reload: the service is stopping"));
    }
  }

  /**
   * Puts other settings in force. Name, share, state folder and key have to be the same.
   *
   * @param options.keepsReader Whether the source stays open: it is the same, and cannot be read again.
   * @throws {TransientError} No checkpoint can be made now, or the service is stopping. What ran goes on.
   */
  async change(
    settings: Settings,
    { keepsReader }: { readonly keepsReader: boolean },
  ): Promise<void> {
    if (this.#change !== undefined)
      throw new TransientError("Cannot reload: a reload is under way");
    if (this.#hasEnded || ["draining", "stopped", "failed"].includes(this.current.state)) {
      throw new TransientError("Cannot reload: the service is stopping");
    }
    // While none can be made the one that runs would wait for it, and read nothing.
    await this.current.checkpoint();
    const done = Promise.withResolvers<void>();
    this.#change = { settings, keepsReader, done };
    this.current.leave({ keepsReader });
    await done.promise;
  }

  async #runOne(stop: AbortSignal): Promise<PipelineOutcome> {
    try {
      if ((await this.current.run(stop)) === "ended") return "ended";
    } catch (failure) {
      if (!(await this.#goBack(failure, stop))) throw failure;
      this.#change?.done.reject(new TransientError("Cannot reload now: the pipeline has failed"));
      this.#change = undefined;
      return "left";
    }
    const change = this.#change!; // nobody else makes it leave
    const { settings } = this;
    // Of two changes in a row the first may not have shown that it can run.
    const before = this.#before === undefined || this.#hasRun ? settings : this.#before;
    try {
      this.#begin(change.settings);
      this.#before = before;
      change.done.resolve();
    } catch (failure) {
      try {
        if (!(await this.#beginAgain(settings, stop))) return "ended";
      } finally {
        change.done.reject(failure);
      }
    } finally {
      this.#change = undefined;
    }
    return "left";
  }

  /** Those before, once the disk lets it. Returns false when `stop` came first. */
  async #beginAgain(settings: Settings, stop: AbortSignal): Promise<boolean> {
    const { clock, logger, random } = this.#options;
    const backoff = new Backoff(random);
    for (let tries = 1; ; tries++) {
      try {
        this.#begin(settings);
        return true;
      } catch (failure) {
        if (!(failure instanceof TransientError)) throw failure;
        if (tries === 1) {
          const error = failure.message;
          logger.error("Cannot go back to the settings before yet; it is tried again.", { error });
        }
        await clock.sleep(backoff.afterMs(failure), stop);
        if (stop.aborted) return false;
      }
    }
  }

  /** Whether the present one has reached everything that it needs. */
  get #hasRun(): boolean {
    const { source, deliveries } = this.current;
    return source.wasOpen && deliveries.every(({ wasConnected }) => wasConnected);
  }

  #begin(settings: Settings): void {
    // Going back to those that are served still takes no room on the disk.
    if (this.#served !== settings) {
      this.#options.state.serve(
        settings.sinks.map(({ name }) => name),
        settings.state.outboxBytesMax,
      );
      this.#served = settings;
    }
    this.current = this.#make(settings, this.current);
    this.settings = settings;
    this.#options.onChange?.(settings);
  }

  #make(settings: Settings, former?: Pipeline): Pipeline {
    const { clock, logger, state, log, random, onRows, prepare } = this.#options;
    const options = {
      clock,
      logger,
      state,
      log,
      random,
      ...(onRows && { onRows }),
      ...(former && { former }),
    };
    return new Pipeline(prepare?.(settings) ?? settings, options);
  }

  /** Settings that never ran give way to those before. Returns whether there are such. */
  async #goBack(failure: unknown, stop: AbortSignal): Promise<boolean> {
    const before = this.#before;
    this.#before = undefined;
    if (before === undefined || this.#hasRun || stop.aborted) return false;
    if (!(await this.#beginAgain(before, stop))) return false;
    this.#options.onFailure?.(new FatalError(messageOf(failure), { cause: failure }));
    return true;
  }
}
