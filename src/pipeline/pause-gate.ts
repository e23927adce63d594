/** A gate in front of the source: closed while an operator has paused the pipeline. */
export class PauseGate {
  #opened: PromiseWithResolvers<void> | undefined;

  get isClosed(): boolean {
    return this.#opened !== undefined;
  }

  close(): void {
    this.#opened ??= Promise.withResolvers<void>();
  }

  open(): void {
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  /** Resolves when it is open, or when `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#opened === undefined || signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    const done = (): void => aborted.resolve();
    signal.addEventListener("abort", done, { once: true });
    await Promise.race([this.#opened.promise, aborted.promise]);
    signal.removeEventListener("abort", done);
    // Closed again meanwhile.
    return await this.pass(signal);
  }
}
