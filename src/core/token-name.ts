/** How a token may be called, wherever it is made. */
export const TOKEN_NAME = /^[\p{L}\p{N}][\p{L}\p{N}_.@ -]{0,63}$/u;

/** The same in words. */
export const TOKEN_NAME_WANTED =
  "must be 1 to 64 letters, digits, spaces or _ . @ -, and begin with one of the first two";
