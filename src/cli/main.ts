import { nearest } from "../core/nearest.ts";
import type { Command, CommandContext } from "./command.ts";
import { EXIT, type ExitCode, reportFailure, UsageError } from "./exit.ts";
import { helpOf, helpOfAll } from "./help.ts";
import { commands } from "./list.ts";
import { readArguments } from "./read-arguments.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/**
 * Runs the command that the words name. Never throws: whatever goes wrong is said on stderr and told
 * by the exit code.
 *
 * @param words The command line behind the program's name.
 */
export async function main(given: readonly string[], context: CommandContext): Promise<ExitCode> {
  const words = withoutColourWords(given, context.terminal);
  try {
    return await dispatch(words, context);
  } catch (failure) {
    const code = reportFailure(failure, context.terminal);
    if (code === EXIT.usage) context.terminal.say(`Run aggregator ${helpHint(words)} for help`);
    return code;
  }
}

async function dispatch(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { terminal } = context;
  const style = terminal.printsColours ? "colour" : "plain";
  const [first, ...rest] = words;
  if (first === undefined) {
    terminal.say(await helpOfAll(commands, "plain"));
    return EXIT.usage;
  }
  if (first === "--help" || first === "-h") {
    terminal.printStyled(await helpOfAll(commands, style));
    return EXIT.ok;
  }
  if (first === "--version" || first === "-v") {
    terminal.print(rest.includes("--json") ? JSON.stringify({ version }) : version);
    return EXIT.ok;
  }
  const command = commands.find(({ name }) => name === first);
  if (command === undefined) throw new UsageError(unknownCommand(first));
  if (asksForHelp(rest)) {
    terminal.printStyled(await helpOf(command, style));
    return EXIT.ok;
  }
  const more: string[] = [];
  const values = readArguments(rest, command.args, command.takesMore ? more : undefined);
  return await command.run(values, context, more);
}

/** Every command knows `--no-color`, in the spelling that all programs have, and in the other one. */
function withoutColourWords(words: readonly string[], terminal: Terminal): readonly string[] {
  const options = optionsIn(words);
  const kept = options.filter((word) => word !== "--no-color" && word !== "--no-colour");
  if (kept.length === options.length) return words;
  terminal.withoutColours();
  return [...kept, ...words.slice(options.length)];
}

/** Behind `--` a word is a word. */
function optionsIn(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  return end === -1 ? words : words.slice(0, end);
}

function asksForHelp(words: readonly string[]): boolean {
  const options = optionsIn(words);
  return options.includes("--help") || options.includes("-h");
}

function unknownCommand(word: string): string {
  const kind = word.startsWith("-") ? "option" : "command";
  const meant = nearest(word, [...commands.map(({ name }) => name), "--help", "--version"]);
  return `Unknown ${kind} ${word}${meant === undefined ? "" : `, did you mean ${meant}?`}`;
}

function helpHint(words: readonly string[]): string {
  const command: Command | undefined = commands.find(({ name }) => name === words[0]);
  return command === undefined ? "--help" : `${command.name} --help`;
}
