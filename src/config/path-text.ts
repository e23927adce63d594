/** The keys that lead to a place in the configuration. */
export type Path = readonly (string | number)[];

/**
 * A path as one would write it in the file.
 *
 * @example
 * ```ts
 * pathText(["rules", "per minute", "to", 0]); // => 'rules["per minute"].to[0]'
 * ```
 */
export function pathText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}
