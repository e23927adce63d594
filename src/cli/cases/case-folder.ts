import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { CONFIG_FILE } from "../../config/load.ts";
import { ConfigError, messageOf } from "../../core/errors.ts";
import type { LedgerCounts } from "../../core/ledger.ts";
import type { Fields } from "../../pipeline/cases/compare.ts";
import { UsageError } from "../exit.ts";
import { type CaseOptions, caseOptionsOf, ledgerOf } from "./case-options.ts";

/** The files of a case. */
export const CASE_FILES = {
  events: "events.ndjson",
  rows: "expected.ndjson",
  deadLetters: "expected-dead-letters.ndjson",
  ledger: "expected-ledger.json",
  alerts: "expected-alerts.ndjson",
  options: "case.json",
} as const;

/** A case as it stands in its folder. */
export interface CaseFolder {
  /** Where it is, seen from where the command was called. */
  readonly name: string;
  readonly folder: string;
  /** Its own configuration; undefined: that of all. */
  readonly config: string | undefined;
  readonly lines: readonly Uint8Array[];
  readonly options: CaseOptions;
  /** Undefined where the case does not say. */
  readonly rows: readonly Fields[] | undefined;
  readonly deadLetters: readonly Fields[] | undefined;
  readonly ledger: LedgerCounts | undefined;
  readonly alerts: readonly Fields[] | undefined;
}

/**
 * The folders below that hold events, sorted; the folder itself may be one.
 *
 * @throws {UsageError} It is no folder, or holds none.
 */
export function caseFolders(dir: string, shown: string): string[] {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`Cannot find the cases: there is no folder ${shown}`);
  }
  const found = foldersWithEvents(dir);
  if (found.length === 0) {
    throw new UsageError(`Cannot find any case in ${shown}: no folder has ${CASE_FILES.events}`);
  }
  return found;
}

function foldersWithEvents(dir: string): string[] {
  const entries = readdirSync(dir, { withFileTypes: true });
  if (entries.some(({ name }) => name === CASE_FILES.events)) return [dir];
  return entries
    .filter((entry) => entry.isDirectory() && !/^\.|^node_modules$/.test(entry.name))
    .map(({ name }) => name)
    .sort()
    .flatMap((name) => foldersWithEvents(join(dir, name)));
}

/** @throws {ConfigError} A file of it cannot be understood. */
export function readCase(folder: string, cwd: string): CaseFolder {
  const name = relative(cwd, folder) || ".";
  const file = (word: string) => ({ path: join(folder, word), shown: join(name, word) });
  const options = readJson(file(CASE_FILES.options));
  const ledger = readJson(file(CASE_FILES.ledger));
  const config = join(folder, CONFIG_FILE);
  return {
    name,
    folder,
    config: isThere(config) ? config : undefined,
    lines: linesOf(readFileSync(join(folder, CASE_FILES.events))),
    options: caseOptionsOf(options ?? {}, join(name, CASE_FILES.options)),
    rows: readLines(file(CASE_FILES.rows)),
    deadLetters: readLines(file(CASE_FILES.deadLetters)),
    ledger: ledger === undefined ? undefined : ledgerOf(ledger, join(name, CASE_FILES.ledger)),
    alerts: readLines(file(CASE_FILES.alerts)),
  };
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

interface CaseFile {
  readonly path: string;
  readonly shown: string;
}

function readJson({ path, shown }: CaseFile): unknown {
  return isThere(path) ? parsed(readFileSync(path, "utf8"), shown) : undefined;
}

function readLines({ path, shown }: CaseFile): Fields[] | undefined {
  if (!isThere(path)) return undefined;
  const rows: Fields[] = [];
  for (const [i, line] of readFileSync(path, "utf8").split("\n").entries()) {
    if (line.trim() === "") continue;
    const row = parsed(line, `${shown}: line ${i + 1}`);
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw fault(`${shown}: line ${i + 1}`, "must be a JSON object");
    }
    rows.push(row as Fields); // an object with any fields
  }
  return rows;
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw fault(place, `Cannot parse the JSON: ${messageOf(thrown)}`);
  }
}

function fault(path: string, message: string): ConfigError {
  return new ConfigError([{ path, message }]);
}

const LINE_FEED = 10;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Each with a line feed, also the last: another may come behind it. */
function linesOf(text: Buffer): Uint8Array[] {
  const lines: Uint8Array[] = [];
  // As every source does, it passes over a byte order mark.
  for (let at = text.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0; at < text.length; ) {
    const end = text.indexOf(LINE_FEED, at);
    const line = text.subarray(at, end < 0 ? text.length : end + 1);
    lines.push(end < 0 ? Buffer.concat([line, Buffer.from("\n")]) : line);
    at += line.length;
  }
  return lines;
}
