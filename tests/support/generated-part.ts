import { basename } from "node:path";
import { formatted } from "./formatted.ts";

const END = "<!-- end of what is generated -->";

/**
 * A page with what is between its markers made anew, formatted.
 *
 * @param options.from What it is made from, as its first marker says: `schemas`.
 * @throws {Error} The markers are not there.
 */
export function withGenerated(
  page: string,
  { file, from, text }: { readonly file: string; readonly from: string; readonly text: string },
): string {
  const marker = `<!-- generated from the ${from}: bun run generate -->`;
  const begin = page.indexOf(marker);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`No markers in ${file}`);
  return formatted(
    basename(file),
    `${page.slice(0, begin)}${marker}\n\n${text}\n\n${page.slice(end)}`,
  );
}
