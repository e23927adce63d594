import type { Command } from "../command.ts";
import { type Choice, optionsOf, positionalsOf, type ShellOption } from "./choices.ts";

/** A script that completes in zsh: a file `_aggregator` on the `fpath`, or `source` it behind `compinit`. */
export function zshScript(commands: readonly Command[]): string {
  return `#compdef aggregator
# Completes aggregator in zsh: aggregator completions zsh > "\${fpath[1]}/_aggregator"
_aggregator_names() {
  local -a names
  names=("\${(@f)$(_call_program names aggregator completions $1 2>/dev/null)}")
  compadd -a names
}

_aggregator() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands command commands
    _arguments '--help[Print the overview]' '--version[Print the version]' '--no-color[Print no colours]'
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}

if [[ \${funcstack[1]} == _aggregator ]]; then
  _aggregator "$@"
else
  compdef _aggregator aggregator
fi
`;
}

function commandCase(command: Command): string {
  const positionals = positionalsOf(command).map(({ name, choice }, i, all) => {
    const place = command.takesMore === true && i === all.length - 1 ? "*" : String(i + 1);
    return quoted(`${place}::${name}:${action(choice)}`);
  });
  const parts = [...optionsOf(command).flatMap(specs), ...positionals];
  return `    ${command.name})\n      _arguments \\\n        ${parts.join(" \\\n        ")}\n      ;;`;
}

function specs({ long, short, about, value }: ShellOption): string[] {
  const forms = short === undefined ? [long] : [short, long];
  const others = forms.length === 1 ? "" : `(${forms.join(" ")})`;
  const text = about.replaceAll(/[[\]:\\]/g, "\\$&");
  return forms.map((form) => {
    const head = `${others}${form}${value !== undefined && form.startsWith("--") ? "=" : ""}[${text}]`;
    return quoted(value === undefined ? head : `${head}:${long.slice(2)}:${action(value)}`);
  });
}

function action(choice: Choice): string {
  if (choice.kind === "words") return `(${choice.words.join(" ")})`;
  // A space before it: otherwise it gets further arguments.
  if (choice.kind === "names") return ` _aggregator_names ${choice.of}`;
  if (choice.kind === "file") return "_files";
  return choice.kind === "folder" ? "_files -/" : "";
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
