/**
 * Whether the environment asks for no colours: by `NO_COLOR`, whatever it says (no-color.org), or by a
 * terminal that knows none.
 */
export function coloursOf(env: Readonly<Record<string, string | undefined>>): "never" | undefined {
  if ((env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return "never";
  return undefined;
}
