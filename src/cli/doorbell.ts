/** Somebody asks for something by a signal. Rings before anybody listens are heard as one. */
export class Doorbell {
  #listener: (() => void) | undefined;
  #hasRung = false;

  ring(): void {
    if (this.#listener === undefined) this.#hasRung = true;
    else this.#listener();
  }

  /** From now on this is called at every ring. */
  answer(listener: () => void): void {
    this.#listener = listener;
    if (this.#hasRung) listener();
    this.#hasRung = false;
  }
}
