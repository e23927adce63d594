import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Machine } from "./machine.ts";
import type { Table } from "./table.ts";

/** What one part found. */
export interface PartResult {
  readonly name: string;
  readonly tables: readonly Table[];
  /** Load of the machine before and after. */
  readonly load: readonly [before: number, after: number];
  /** Why it did not run. */
  readonly skipped?: string;
  /** What went wrong: an answer, or the program. */
  readonly failure?: string;
}

/** One run of the benchmark. */
export interface Report {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly events: number;
  readonly rounds: number;
  readonly parts: readonly PartResult[];
}

export function writeReport(path: string, report: object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
}
