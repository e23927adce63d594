import type { ArgsDef } from "citty";
import type { Completion } from "./completions/choices.ts";
import type { ExitCode } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

/** What a command may use of the world around it. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths of the arguments start from. */
  readonly cwd: string;
}

/** A value as the command gets it: what was not given and has no default is undefined. */
type Value<Arg> = Arg extends { type: "boolean" }
  ? boolean
  : Arg extends { required: true } | { default: string }
    ? string
    : string | undefined;

/** The arguments of a command, by their names. */
export type Values<Args extends ArgsDef> = { readonly [Name in keyof Args]: Value<Args[Name]> };

/** A command: one file, one line in `list.ts`. */
export interface Command<Args extends ArgsDef = ArgsDef> {
  /** The word on the command line. */
  readonly name: string;
  /** One sentence, for the overview. */
  readonly summary: string;
  /** What the page of the command says besides, a line each. */
  readonly details?: readonly string[];
  readonly args: Args;
  /**
   * What may stand in an argument, where its `valueHint` (`file`, `folder`, `level`, `sink`, `rule`, `alert`,
   * `notifier`) does not say it:
   * for completions and the reference.
   */
  readonly completes?: { readonly [Name in keyof Args]?: Completion };
  /** What exit code 1 means, in Markdown: "the service cannot be reached". */
  readonly failsWhen: string;
  /** Whether more words may follow the last positional one; `run` gets them. */
  readonly takesMore?: true;
  /** Whole command lines with what they do, for `--help`. */
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  /**
   * Does it. Called once, with arguments that were checked.
   *
   * @param more The words behind the last positional one, where the command takes them.
   * @throws {UsageError} The arguments do not go together. Exit code 2.
   * @throws {ConfigError} The configuration is wrong. Exit code 78.
   */
  run(values: Values<Args>, context: CommandContext, more: readonly string[]): Promise<ExitCode>;
}

/** Gives a command its types. */
export function defineCommand<const Args extends ArgsDef>(command: Command<Args>): Command<Args> {
  return command;
}
