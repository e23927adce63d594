/**
 * A piece of state. Keys are paths of words joined by slashes, `rule/per_minute/pane/28333333/7`; what
 * stands in the bytes only the part that made them knows.
 */
export interface Page {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/**
 * What of the state changed since it was last asked for. In this order: all pages whose key is, or is
 * below, one in `remove` go; then those in `put` come, each in place of the one with its key.
 */
export interface PageChanges {
  readonly remove: readonly string[];
  readonly put: readonly Page[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A page of plain data. */
export function jsonPage(key: string, data: unknown): Page {
  return { key, bytes: encoder.encode(JSON.stringify(data)) };
}

/** What {@link jsonPage} wrote. @throws {SyntaxError} It is none. */
export function readJsonPage<Data>(page: Page): Data {
  // Whoever reads a page wrote it; damage is found by its checksum before it comes here.
  return JSON.parse(decoder.decode(page.bytes)) as Data;
}
