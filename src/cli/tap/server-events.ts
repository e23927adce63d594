/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** The id that counts from here on; empty: none was sent yet. */
  readonly id: string;
}

/** More than any event of ours: what has no end is no stream of events. */
const BLOCK_CHARS_MAX = 16 * 1024 * 1024;

/**
 * Reads server-sent events (WHATWG HTML, "Server-sent events") until the stream ends.
 *
 * @throws {Error} The stream breaks, or is none.
 */
export async function* serverEvents(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let waiting = "";
  let id = "";
  for await (const bytes of stream) {
    waiting += decoder.decode(bytes, { stream: true });
    // Our own service ends lines with line feeds; a proxy in between may not.
    const blocks = waiting.replaceAll("\r\n", "\n").split("\n\n");
    waiting = blocks.pop()!; // there is one at least
    if (waiting.length > BLOCK_CHARS_MAX) throw new Error("it sends no server-sent events");
    for (const block of blocks) {
      const fields = fieldsOf(block);
      id = fields.get("id") ?? id;
      const data = fields.get("data");
      if (data !== undefined) yield { event: fields.get("event") ?? "message", data, id };
    }
  }
}

function fieldsOf(block: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at === 0) continue; // a comment
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    const before = name === "data" ? fields.get(name) : undefined;
    fields.set(name, before === undefined ? value : `${before}\n${value}`);
  }
  return fields;
}
