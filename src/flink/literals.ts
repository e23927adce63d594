import type { DurationMicros } from "../core/time.ts";

/** A text of SQL. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A name of SQL. */
export function name(value: string): string {
  return `\`${value.replaceAll("`", "``")}\``;
}

/** A comment, whatever the text holds: it ends with its line. */
export function comment(line: string): string {
  return `-- ${line.replaceAll(/[\r\n]+/g, " ")}`.trimEnd();
}

const UNITS = [
  ["DAY", 86_400_000_000],
  ["HOUR", 3_600_000_000],
  ["MINUTE", 60_000_000],
  ["SECOND", 1_000_000],
] as const;

/** An interval, in its largest whole unit; undefined: it has parts of a millisecond, which Flink does not know. */
export function interval(duration: DurationMicros): string | undefined {
  if (duration % 1000 !== 0) return undefined;
  for (const [unit, micros] of UNITS) {
    if (duration % micros !== 0) continue;
    const count = String(duration / micros);
    return `INTERVAL '${count}' ${unit}${count.length > 2 ? `(${count.length})` : ""}`;
  }
  const seconds = (duration / 1_000_000).toFixed(3);
  const digits = seconds.indexOf(".");
  return `INTERVAL '${seconds}' SECOND(${Math.max(digits, 1)}, 3)`;
}

/** Whether a column matches one of some globs. */
export function matches(column: string, globs: readonly string[]): string {
  const parts = globs.map((glob) => {
    if (!/[*?[\\]/.test(glob)) return `${column} = ${text(glob)}`;
    if (!/[[\\]/.test(glob)) {
      const like = glob.replaceAll(/[%_!]/g, "!$&").replaceAll("*", "%").replaceAll("?", "_");
      return `${column} LIKE ${text(like)} ESCAPE '!'`;
    }
    return `REGEXP(${column}, ${text(`(?s)\\A${regexOf(glob)}\\z`)})`;
  });
  return parts.length === 1 ? parts[0]! : `(${parts.join(" OR ")})`;
}

/** A glob as a regular expression of Java. It was checked to be one. */
function regexOf(glob: string): string {
  return glob.replaceAll(
    /\\(.)|\[(!?)([^]*?[^\\])\]|\*|\?|[^]/gu,
    (part, escaped, not, members) => {
      if (typeof escaped === "string") return quoted(escaped);
      if (typeof members === "string") {
        const inside = members.replaceAll(/[\\[\]^&]/g, "\\$&");
        return `[${not === "!" ? "^" : ""}${inside}]`;
      }
      return part === "*" ? ".*" : part === "?" ? "." : quoted(part);
    },
  );
}

function quoted(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|-]/, "\\$&");
}
