/** 10^0 to 10^22: the powers of ten that a double holds exactly. */
export const POWERS_OF_TEN = new Float64Array(23).map((_, exponent) => Number(`1e${exponent}`));
