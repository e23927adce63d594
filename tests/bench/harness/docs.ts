import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const DOCS = resolve(import.meta.dir, "../../../docs");
export const PAGE = join(DOCS, "benchmarks.md");
export const CHART = join(DOCS, "benchmarks.svg");

/** Puts a text between `<!-- NAME -->` and `<!-- /NAME -->`. @throws They are not there. */
export function putBetween(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no place for "${name}"`);
  return `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`;
}

/** The same in the page of the documentation. */
export function putIntoPage(name: string, text: string): void {
  writeFileSync(PAGE, putBetween(readFileSync(PAGE, "utf8"), name, text));
}
