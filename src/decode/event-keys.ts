/** Four characters of one byte as the 32-bit word that a little-endian load gives. */
export function wordOf(four: string): number {
  return (
    four.charCodeAt(0) |
    (four.charCodeAt(1) << 8) |
    (four.charCodeAt(2) << 16) |
    (four.charCodeAt(3) << 24)
  );
}

/**
 * The keys of an event with the colon behind them, as the words they begin with and go on with. Of a word that
 * ends early only {@link THREE_BYTES} count.
 */
export const NAME_1 = wordOf('"nam');
export const NAME_2 = wordOf('e":\0');
export const VALUE_1 = wordOf('"val');
export const VALUE_2 = wordOf('ue":');
export const TIME_1 = wordOf('"tim');
export const TIME_2 = wordOf("esta");
export const TIME_3 = wordOf('mp":');
export const FUNCTION_1 = wordOf('"agg');
export const FUNCTION_2 = wordOf("_fun");
export const FUNCTION_3 = wordOf('c":\0');
export const ID = wordOf('"id"');
export const LABELS_1 = wordOf('"lab');
export const LABELS_2 = wordOf('els"');
export const THREE_BYTES = 0xffffff;

/** What an event must have: bits of what was seen of it. */
export const HAS_NAME = 1;
export const HAS_VALUE = 2;
export const HAS_TIME = 4;
export const HAS_ALL = HAS_NAME | HAS_VALUE | HAS_TIME;
