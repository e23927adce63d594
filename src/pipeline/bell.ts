/**
 * Wakes all who wait for something that may never come. Who waits can leave again, other than with a promise that
 * lives as long: each race that it takes part in leaves a reaction at it, for ever.
 */
export class Bell {
  readonly #waiting = new Set<() => void>();

  /** Wakes those who wait now. */
  ring(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /**
   * What `work` gives, unless the bell rings first: undefined then, and the work is left to itself. Rejects as
   * `work` does.
   */
  async orRung<Result>(work: Promise<Result>): Promise<Result | undefined> {
    const rung = Promise.withResolvers<undefined>();
    const wake = (): void => rung.resolve(undefined);
    this.#waiting.add(wake);
    try {
      return await Promise.race([work, rung.promise]);
    } finally {
      this.#waiting.delete(wake);
    }
  }
}
