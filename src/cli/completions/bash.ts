import type { Command } from "../command.ts";
import { type Choice, optionsOf, positionalsOf } from "./choices.ts";

/** A script that completes in bash, from version 3.2 on; `eval` it, or put it where bash looks for such. */
export function bashScript(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return `# Completes aggregator in bash: source <(aggregator completions bash)
_aggregator_words() { COMPREPLY+=($(compgen -W "$1" -- "$cur")); }
_aggregator_names() { _aggregator_words "$("\${COMP_WORDS[0]}" completions "$1" 2>/dev/null)"; }
_aggregator_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$cur"))
}

_aggregator() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[1]} position=0 i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _aggregator_words "${names} --help --version --no-color"
    return
  fi
  # bash takes the = of --option=value for a word.
  if [[ $cur == "=" ]]; then
    cur=""
  elif [[ $prev == "=" ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case "$command" in
${commands.map(commandCase).join("\n")}
  esac
}

complete -F _aggregator aggregator
`;
}

function commandCase(command: Command): string {
  const options = optionsOf(command);
  const valued = options.filter(({ value }) => value !== undefined);
  const words = options.flatMap(({ long, short }) =>
    short === undefined ? [long] : [long, short],
  );
  const patternOf = ({ long, short }: (typeof options)[number]): string =>
    short === undefined ? long : `${long} | ${short}`;
  const lines = [
    `    ${command.name})`,
    ...(valued.length === 0
      ? []
      : [
          '      case "$prev" in',
          ...valued.map(
            (option) => `        ${patternOf(option)}) ${action(option.value!)}return ;;`,
          ),
          "      esac",
        ]),
    "      if [[ $cur == -* ]]; then",
    `        _aggregator_words "${words.join(" ")}"`,
    "        return",
    "      fi",
    ...positionalLines(command, valued.map(patternOf)),
    "      ;;",
  ];
  return lines.join("\n");
}

function positionalLines(command: Command, valued: readonly string[]): string[] {
  const positionals = positionalsOf(command);
  if (positionals.length === 0) return [];
  const skip =
    valued.length === 0
      ? []
      : [`          ${valued.join(" | ")}) ((i++)); [[ \${COMP_WORDS[i]} == "=" ]] && ((i++)) ;;`];
  return [
    "      for ((i = 2; i < COMP_CWORD; i++)); do",
    '        case "${COMP_WORDS[i]}" in',
    ...skip,
    "          -*) ;;",
    "          *) ((position++)) ;;",
    "        esac",
    "      done",
    "      case $position in",
    ...positionals.map(({ choice }, i) => {
      // Further words are like the last one, where a command takes some.
      const isLast = i === positionals.length - 1 && command.takesMore === true;
      return `        ${isLast ? "*" : i}) ${action(choice) || ": "};;`;
    }),
    "      esac",
  ];
}

/** What to do for an argument; empty: nothing is known of it. */
function action(choice: Choice): string {
  if (choice.kind === "words") return `_aggregator_words "${choice.words.join(" ")}"; `;
  if (choice.kind === "names") return `_aggregator_names ${choice.of}; `;
  if (choice.kind === "file") return "_aggregator_paths -f; ";
  return choice.kind === "folder" ? "_aggregator_paths -d; " : "";
}
