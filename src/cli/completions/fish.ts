import type { Command } from "../command.ts";
import { type Choice, optionsOf, positionalsOf } from "./choices.ts";

/** A script that completes in fish. */
export function fishScript(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const lines = [
    "# Completes aggregator in fish: aggregator completions fish > ~/.config/fish/completions/aggregator.fish",
    "complete -c aggregator -f",
    `set -l commands ${names}`,
    ...commands.map(({ name, summary }) =>
      line(`not __fish_seen_subcommand_from $commands`, `-a ${name} -d ${quoted(summary)}`),
    ),
    line("not __fish_seen_subcommand_from $commands", "-l help -d 'Print the overview'"),
    line("not __fish_seen_subcommand_from $commands", "-l version -d 'Print the version'"),
    ...commands.flatMap(commandLines),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(command: Command): string[] {
  const seen = `__fish_seen_subcommand_from ${command.name}`;
  const options = optionsOf(command).map(({ long, short, about, value }) => {
    const parts = [
      ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
      `-l ${long.slice(2)}`,
      ...(value === undefined ? [] : [action(value, "option")]),
      `-d ${quoted(about)}`,
    ];
    return line(seen, parts.join(" "));
  });
  // fish tells no position apart: what may stand anywhere is offered everywhere.
  const words = positionalsOf(command)
    .filter(({ choice }) => choice.kind !== "any")
    .map(({ choice }) => line(seen, action(choice, "word")));
  return [...options, ...words];
}

function line(condition: string, rest: string): string {
  return `complete -c aggregator -n "${condition}" ${rest}`;
}

function action(choice: Choice, place: "option" | "word"): string {
  const needs = place === "option" ? "-x " : "";
  if (choice.kind === "words") return `${needs}-a ${quoted(choice.words.join(" "))}`;
  if (choice.kind === "names")
    return `${needs}-a '(aggregator completions ${choice.of} 2>/dev/null)'`;
  if (choice.kind === "file") return place === "option" ? "-r -F" : "-F";
  if (choice.kind === "folder") return `${needs}-a '(__fish_complete_directories)'`;
  return needs.trimEnd();
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
