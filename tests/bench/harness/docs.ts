import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const DOCS = resolve(import.meta.dir, "../../../docs");
export const PAGE = join(DOCS, "benchmarks.md");
export const CHART = join(DOCS, "benchmarks.svg");

/** Puts a text between `<!-- NAME -->` and `<!-- /NAME -->` of the page. @throws They are not there. */
export function putIntoPage(name: string, text: string): void {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no place for "${name}"`);
  const before = page.slice(0, from + begin.length);
  writeFileSync(PAGE, `${before}\n\n${text.trim()}\n\n${page.slice(to)}`);
}
