import { stripVTControlCharacters } from "node:util";
import { renderUsage } from "citty";
import type { Command } from "./command.ts";
import { version } from "./version.ts";

const SUMMARY = "Exact windowed aggregates out of event streams, in one executable";

/** The overview of all commands. */
export async function helpOfAll(
  commands: readonly Command[],
  style: "colour" | "plain",
): Promise<string> {
  const usage = await renderUsage({
    meta: { name: "aggregator", version, description: SUMMARY },
    subCommands: Object.fromEntries(
      commands.map((command) => [command.name, { meta: { description: command.summary } }]),
    ),
  });
  return inStyle(usage, style);
}

/** The page of one command, with its examples. */
export async function helpOf(command: Command, style: "colour" | "plain"): Promise<string> {
  const usage = await renderUsage({
    meta: { name: `aggregator ${command.name}`, version, description: command.summary },
    args: {
      ...command.args,
      help: { type: "boolean", alias: "h", description: "Print this page" },
    },
  });
  const details = command.details?.map((line) => `  ${line}\n`).join("");
  const more = details === undefined ? "" : `\n\nDETAILS\n\n${details.trimEnd()}`;
  const examples = command.examples.map(({ line, does }) => `  # ${does}\n  ${line}`).join("\n\n");
  return inStyle(`${usage.trimEnd()}${more}\n\nEXAMPLES\n\n${examples}`, style);
}

/** citty colours by the environment, whatever it writes to. */
function inStyle(text: string, style: "colour" | "plain"): string {
  return (style === "colour" ? text : stripVTControlCharacters(text)).trimEnd();
}
