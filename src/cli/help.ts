import { stripVTControlCharacters } from "node:util";
import { renderUsage } from "citty";
import type { Command } from "./command.ts";
import { exitCodesOf } from "./exit-meanings.ts";
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
      "no-color": { type: "boolean", description: "Print no colours; so does NO_COLOR" },
    },
  });
  const details = command.details?.map((line) => `  ${line}\n`).join("");
  const more = details === undefined ? "" : `\n\nDETAILS\n\n${details.trimEnd()}`;
  const examples = command.examples.map(({ line, does }) => `  # ${does}\n  ${line}`).join("\n\n");
  const exits = exitCodesOf(command).map(
    ([code, means]) => `  ${String(code).padStart(2)}  ${means}`,
  );
  const codes = `EXIT CODES\n\n${exits.join("\n").replaceAll("`", "")}`;
  return inStyle(`${usage.trimEnd()}${more}\n\nEXAMPLES\n\n${examples}\n\n${codes}`, style);
}

/** citty colours by the environment, whatever it writes to. */
function inStyle(text: string, style: "colour" | "plain"): string {
  return (style === "colour" ? text : stripVTControlCharacters(text)).trimEnd();
}
