import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../../src/cli/command.ts";
import { choiceOf } from "../../src/cli/completions/choices.ts";
import { exitCodesOf } from "../../src/cli/exit-meanings.ts";
import { commands } from "../../src/cli/list.ts";
import { withGenerated } from "./generated-part.ts";

/**
 * The commands, made from their definitions. `bun tests/support/commands-page.ts` writes them between the
 * markers of the page; a test compares.
 */
export const COMMANDS_FILE = join(import.meta.dir, "../../docs/commands.md");

/** The page with what is between its markers made anew. */
export function withCommands(page: string): string {
  const sections = commands.map(section).join("\n\n");
  return withGenerated(page, { file: COMMANDS_FILE, from: "commands", text: sections });
}

function section(command: Command): string {
  const { name, summary, details = [], examples } = command;
  return [
    `### aggregator ${name}`,
    `${summary}.`,
    `\`\`\`sh\n${usage(command)}\n\`\`\``,
    ...(details.length === 0 ? [] : [`\`\`\`text\n${details.join("\n")}\n\`\`\``]),
    ...(Object.keys(command.args).length === 0 ? [] : [table(command)]),
    `Exit codes: ${exitCodesOf(command)
      .map(([code, means]) => `\`${code}\` ${means}`)
      .join("; ")}.`,
    `\`\`\`sh\n${examples.map(({ line, does }) => `# ${does}\n${line}`).join("\n\n")}\n\`\`\``,
  ].join("\n\n");
}

function usage({ name, args, takesMore }: Command): string {
  const positionals = Object.entries(args)
    .filter(([, { type }]) => type === "positional")
    .map(([argument, { required }], i, all) => {
      const more = takesMore === true && i === all.length - 1 ? "…" : "";
      const word = argument.toUpperCase() + more;
      return required === false ? `[${word}]` : word;
    });
  const hasOptions = Object.values(args).some(({ type }) => type !== "positional");
  return ["aggregator", name, ...(hasOptions ? ["[OPTION…]"] : []), ...positionals].join(" ");
}

function table(command: Command): string {
  const rows = Object.entries(command.args).map(([argument, definition]) => {
    const alias = "alias" in definition ? [definition.alias ?? []].flat() : [];
    const hint = "valueHint" in definition ? (definition.valueHint ?? "") : "";
    const isPositional = definition.type === "positional";
    const names = isPositional
      ? [argument.toUpperCase()]
      : [...alias.filter((one) => one.length === 1).map((one) => `-${one}`), `--${argument}`];
    const choice = choiceOf(command, argument);
    const kind = choice.kind === "file" || choice.kind === "folder" ? choice.kind : "";
    const value =
      choice.kind === "words" ? choice.words.map((word) => `\`${word}\``).join(", ") : hint || kind;
    const usual = "default" in definition && definition.default !== undefined;
    return [
      names.map((one) => `\`${one}\``).join(", "),
      value,
      usual ? `\`${String(definition.default)}\`` : "",
      definition.description ?? "",
    ];
  });
  const lines = rows.map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`,
  );
  return ["| | Value | Default | |", "|---|---|---|---|", ...lines].join("\n");
}

if (import.meta.main) {
  writeFileSync(COMMANDS_FILE, withCommands(readFileSync(COMMANDS_FILE, "utf8")));
}
