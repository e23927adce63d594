const CODES = {
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  cyan: "36",
  reversed: "7",
} as const;

export type Style = keyof typeof CODES;

/** Gives a text a style, or leaves it as it is where there are no colours. */
export type Paint = (text: string, style: Style) => string;

/** What paints, or does not. */
export function painter(colours: boolean): Paint {
  if (!colours) return (text) => text;
  return (text, style) => (text === "" ? "" : `\u001b[${CODES[style]}m${text}\u001b[0m`);
}
