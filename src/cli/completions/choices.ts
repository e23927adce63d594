import { LOG_LEVELS } from "../../core/logger.ts";
import type { Command } from "../command.ts";

/** What may stand in an argument: one of some words, names out of the configuration, a file or a folder. */
export type Choice =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "names"; readonly of: NameKind }
  | { readonly kind: "file" | "folder" | "any" };

/** How a command says what may stand in an argument: some words, or a kind. */
export type Completion = readonly string[] | "file" | "folder";

/** Names that `aggregator completions` can print. */
export const NAME_KINDS = ["sinks", "rules", "alerts", "notifiers"] as const;
export type NameKind = (typeof NAME_KINDS)[number];

/** The shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

const NAMES: Readonly<Record<string, NameKind>> = {
  sink: "sinks",
  rule: "rules",
  alert: "alerts",
  notifier: "notifiers",
};

/** What may stand in an argument of a command. */
export function choiceOf(command: Command, argument: string): Choice {
  const own = command.completes?.[argument];
  if (own !== undefined)
    return typeof own === "string" ? { kind: own } : { kind: "words", words: own };
  const definition = command.args[argument];
  const hint = definition !== undefined && "valueHint" in definition ? definition.valueHint : "";
  if (hint === "level") return { kind: "words", words: LOG_LEVELS };
  const name = NAMES[hint ?? ""];
  if (name !== undefined) return { kind: "names", of: name };
  if ((hint ?? "").startsWith("file")) return { kind: "file" };
  return { kind: hint === "folder" ? "folder" : "any" };
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
