import { ConfigError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Settings } from "../core/settings.ts";
import { linesOfChanges } from "../pipeline/change-text.ts";
import { settingsChanges } from "../pipeline/settings-changes.ts";

export interface ReloadsOptions {
  /** Reads the configuration as it is by now. @throws {ConfigError} It is wrong. */
  readonly load: () => Promise<Settings>;
  /** Those in force. */
  readonly inForce: () => Settings;
  /** Puts others in force. @throws It cannot be done; those before stay. */
  readonly change: (settings: Settings) => Promise<void>;
  readonly logger: Logger;
}

/** What became of a reload: what changed, a line each. */
export interface Reloaded {
  readonly changes: readonly string[];
}

/**
 * Reads the configuration anew while the service runs. One that is wrong changes nothing, but that the
 * health of the service tells of it until one is right.
 */
export class Reloads {
  readonly #options: ReloadsOptions;
  #problem: string | undefined;
  /** Since the start, by what came of them. */
  readonly counts = { applied: 0, refused: 0 };
  #running: Promise<unknown> = Promise.resolve();
  /** The one that begins when the one under way is done: it serves all who ask meanwhile. */
  #next: Promise<Reloaded> | undefined;

  constructor(options: ReloadsOptions) {
    this.#options = options;
  }

  /** Why the configuration in force is not the one that was last read; undefined: it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** @throws {ConfigError} What is wrong, or cannot change while the service runs. */
  reload(): Promise<Reloaded> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      const reloading = this.#reload();
      this.#running = reloading.catch(() => {});
      return reloading;
    });
    return this.#next;
  }

  /** What was read was in force for a moment and cannot be run. */
  failed(failure: Error): void {
    this.#refuse(failure, "The new configuration cannot be run; the one before is in force again.");
  }

  async #reload(): Promise<Reloaded> {
    const { load, inForce, change, logger } = this.#options;
    try {
      const settings = await load();
      const changes = settingsChanges(inForce(), settings);
      if (changes.restart.length > 0) throw new ConfigError(changes.restart);
      // Also where nothing differs: code may use what cannot be compared.
      await change(settings);
      this.#problem = undefined;
      this.counts.applied++;
      const lines = linesOfChanges(changes);
      logger.info("The configuration was reloaded.", {
        changes: lines.length === 0 ? "none that is said" : lines,
      });
      return { changes: lines };
    } catch (failure) {
      this.#refuse(
        failure,
        "The configuration cannot be reloaded; the one that runs stays in force.",
      );
      throw failure;
    }
  }

  #refuse(failure: unknown, message: string): void {
    this.counts.refused++;
    const errors = messageOf(failure).split("\n");
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
    this.#problem = `not reloaded, the one before stays in force: ${errors[0]}${more}`;
    this.#options.logger.error(message, { errors });
  }
}
