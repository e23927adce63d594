/** The state of the hash behind a word, as `NameTable.hashOf` has it. */
function stateAfter(state: number, word: number): number {
  const hash = Math.imul(state ^ word, 0x9e3779b1);
  return hash ^ (hash >>> 13);
}

/**
 * Names of one length and one hash: what an attacker who knew the seed would send.
 *
 * @param options.before What all begin with: a multiple of four letters.
 */
export function collidingNames(options: {
  readonly seed: number;
  readonly count: number;
  readonly before?: string;
}): string[] {
  const { seed, count, before = "" } = options;
  let state = seed;
  const head = new DataView(new TextEncoder().encode(before).buffer);
  for (let at = 0; at < before.length; at += 4) state = stateAfter(state, head.getInt32(at, true));
  const bytes = new TextEncoder().encode("sensor-7");
  const view = new DataView(bytes.buffer);
  const meet = stateAfter(state, view.getInt32(0, true)) ^ view.getInt32(4, true);
  const names = [`${before}sensor-7`];
  for (let i = 0; names.length < count; i++) {
    new TextEncoder().encodeInto(i.toString(36).padStart(4, "-"), bytes);
    view.setInt32(4, stateAfter(state, view.getInt32(0, true)) ^ meet, true);
    if (bytes.every((byte) => byte >= 0x2d && byte < 0x7f && byte !== 92)) {
      names.push(before + new TextDecoder().decode(bytes));
    }
  }
  return names;
}
