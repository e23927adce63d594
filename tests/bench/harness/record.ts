import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DOCS } from "./docs.ts";
import type { Machine } from "./machine.ts";
import { writeReport } from "./report.ts";
import type { Table, TableRow } from "./table.ts";

/** The last run of one part with one number of events, without its samples: what the page shows. */
export interface RecordedPart {
  readonly name: string;
  readonly events: number;
  readonly rounds: number;
  readonly date: string;
  readonly machine: Machine;
  readonly load: readonly [before: number, after: number];
  readonly tables: readonly Table[];
}

const RECORD = join(DOCS, "benchmarks.json");

/** By part, the fewest events first. */
export function recorded(): RecordedPart[] {
  if (!existsSync(RECORD)) return [];
  return JSON.parse(readFileSync(RECORD, "utf8")) as RecordedPart[]; // only `record` writes it
}

/** Keeps these runs, in place of earlier ones of the same parts and numbers of events. */
export function record(parts: readonly RecordedPart[]): RecordedPart[] {
  const isNew = (part: RecordedPart): boolean =>
    parts.some(({ name, events }) => name === part.name && events === part.events);
  const all = [...recorded().filter((part) => !isNew(part)), ...parts.map(withoutSamples)];
  all.sort((a, b) => (a.name === b.name ? a.events - b.events : a.name < b.name ? -1 : 1));
  writeReport(RECORD, all);
  return all;
}

function withoutSamples(part: RecordedPart): RecordedPart {
  const bare = ({ name, cells }: TableRow): TableRow => ({ name, cells });
  return {
    ...part,
    tables: part.tables.map((table) => ({ ...table, rows: table.rows.map(bare) })),
  };
}
