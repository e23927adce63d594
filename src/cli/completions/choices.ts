import { REFUSAL_REASONS } from "../../core/event.ts";
import { LOG_LEVELS } from "../../core/logger.ts";
import { ROLES } from "../../core/role.ts";
import type { Command } from "../command.ts";

/** What may stand in an argument: one of some words, names out of the configuration, a file or a folder. */
export type Choice =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "names"; readonly of: NameKind }
  | { readonly kind: "file" | "folder" | "any" };

/** Names that `aggregator completions` can print. */
export const NAME_KINDS = ["sinks", "rules"] as const;
export type NameKind = (typeof NAME_KINDS)[number];

/** The shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Words that are no part of the definitions of the arguments, by command and argument. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  "alerts action": ["list", "silence", "unsilence"],
  "completions of": [...SHELLS, ...NAME_KINDS],
  "dead-letters action": ["list", "counts", "export", "replay", "purge"],
  "dead-letters reason": REFUSAL_REASONS,
  "export to": ["flink"],
  "token action": ["list", "make", "revoke"],
  "token role": ROLES,
};

const NAMES: Readonly<Record<string, NameKind>> = { sink: "sinks", rule: "rules" };

/** What may stand in an argument of a command. */
export function choiceOf(command: Command, argument: string): Choice {
  const words = WORDS[`${command.name} ${argument}`];
  if (words !== undefined) return { kind: "words", words };
  const definition = command.args[argument];
  const hint = definition !== undefined && "valueHint" in definition ? definition.valueHint : "";
  if (hint === "level") return { kind: "words", words: LOG_LEVELS };
  const name = NAMES[hint ?? ""];
  if (name !== undefined) return { kind: "names", of: name };
  if ((hint ?? "").startsWith("file")) return { kind: "file" };
  if (hint === "folder" || hint === "dir…" || argument === "dir" || argument === "target") {
    return { kind: "folder" };
  }
  return { kind: "any" };
}

/** One option as a shell sees it. */
export interface ShellOption {
  readonly long: string;
  readonly short: string | undefined;
  readonly about: string;
  /** Undefined: it takes no value. */
  readonly value: Choice | undefined;
}

/** The options of a command, with those that every command has. */
export function optionsOf(command: Command): ShellOption[] {
  const own = Object.entries(command.args)
    .filter(([, { type }]) => type !== "positional")
    .map(([name, definition]): ShellOption => {
      const alias = "alias" in definition ? [definition.alias ?? []].flat() : [];
      return {
        long: `--${name}`,
        short: alias.filter((one) => one.length === 1).map((one) => `-${one}`)[0],
        about: definition.description ?? "",
        value: definition.type === "boolean" ? undefined : choiceOf(command, name),
      };
    });
  return [
    ...own,
    { long: "--help", short: "-h", about: "Print the page of the command", value: undefined },
    { long: "--no-color", short: undefined, about: "Print no colours", value: undefined },
  ];
}

/** What the words of a command are that are no options, in their order. */
export function positionalsOf(
  command: Command,
): { readonly name: string; readonly choice: Choice }[] {
  return Object.entries(command.args)
    .filter(([, { type }]) => type === "positional")
    .map(([name]) => ({ name, choice: choiceOf(command, name) }));
}
