/** Takes server-sent events out of the pieces of text in which they come. */
export class EventReader {
  readonly #onEvent: (event: string, data: string, id: string) => void;
  #rest = "";

  constructor(onEvent: (event: string, data: string, id: string) => void) {
    this.#onEvent = onEvent;
  }

  push(text: string): void {
    this.#rest += text;
    for (;;) {
      const end = this.#rest.indexOf("\n\n");
      if (end < 0) return;
      const block = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      this.#take(block);
    }
  }

  #take(block: string): void {
    let event = "message";
    let id = "";
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      // A line that begins so is a comment: it keeps the connection open.
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") event = text;
      else if (field === "id") id = text;
      else if (field === "data") data.push(text);
    }
    if (data.length > 0) this.#onEvent(event, data.join("\n"), id);
  }
}
