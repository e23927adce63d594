/** @throws {Error} It is none. */
export function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new Error(`Cannot take ${option} "${text}": must be a whole number of at least 1`);
}
