import { goalsMarkdown } from "./goals.ts";
import { putIntoPage } from "./harness/docs.ts";
import { machineText } from "./harness/machine.ts";
import { type RecordedPart, record } from "./harness/record.ts";
import type { Report } from "./harness/report.ts";
import { type Table, tableMarkdown } from "./harness/table.ts";

/** Profiles stand in a place of their own; peers are written by their own command. */
const PROFILE = "profile";
const PEERS = "peers";
const COMMANDS: Readonly<Record<string, string>> = {
  [PROFILE]: "bench --profile",
  [PEERS]: "bench:peers",
};

/** Puts a run of the benchmark into the documentation. */
export function writePage({ parts, ...report }: Report): void {
  const { events, rounds, date, machine } = report;
  const ran = parts.filter(({ tables }) => tables.length > 0);
  keep(
    ran.map(({ name, tables, load }) => ({ name, tables, load, events, rounds, date, machine })),
  );
}

/** Keeps these figures and writes everything that is made of them. */
export function keep(parts: readonly RecordedPart[]): void {
  const all = record(parts);
  putIntoPage("goals", goalsMarkdown(all));
  const others = all.filter(({ name }) => name !== PROFILE && name !== PEERS);
  if (others.length > 0) putIntoPage("parts", others.map(partMarkdown).join("\n\n"));
  const profiles = all.filter(({ name }) => name === PROFILE);
  if (profiles.length > 0) putIntoPage("profile", profiles.map(partMarkdown).join("\n\n"));
}

/** Remarks are whole sentences, cut into lines for a terminal. */
function textOf({ title, remarks = [] }: Table): string {
  return remarks.length === 0 ? title : `${title}. ${remarks.join(" ")}`;
}

/** What one run found, under a heading of its own. */
export function partMarkdown({ name, tables, ...run }: RecordedPart): string {
  const { events, rounds, date, machine, load } = run;
  const command = COMMANDS[name] ?? `bench ${name}`;
  const how =
    `\`bun run ${command} --events ${events} --rounds ${rounds}\`, ${date.slice(0, 10)}; ` +
    `load of the machine ${load[0]} before and ${load[1]} after.`;
  return [
    `### ${name}, ${events.toLocaleString("en-US")} events`,
    ...tables.flatMap((table) => [textOf(table), tableMarkdown(table)]),
    `${how} ${machineText(machine)}`,
  ].join("\n\n");
}
