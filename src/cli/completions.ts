import { loadConfig } from "../config/load.ts";
import { mustBeOneOf } from "../core/must-be-one-of.ts";
import { configArg } from "./args.ts";
import { type Command, defineCommand } from "./command.ts";
import { bashScript } from "./completions/bash.ts";
import { NAME_KINDS, SHELLS, type Shell } from "./completions/choices.ts";
import { fishScript } from "./completions/fish.ts";
import { zshScript } from "./completions/zsh.ts";
import { EXIT, UsageError } from "./exit.ts";

const KINDS = [...SHELLS, ...NAME_KINDS] as const;

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** @param all Gives every command, this one, too: the list imports it. */
export function completionsFor(all: () => readonly Command[]): Command {
  return defineCommand({
    name: "completions",
    summary: "Print a script that completes commands, options and names in a shell",
    details: [
      "The script is made of the commands of this very version: make it anew after an upgrade. Names of sinks, rules,",
      "alerts and notifiers it asks for with aggregator completions sinks and so on, which print those of the configuration.",
    ],
    args: {
      of: { type: "positional", required: true, description: `One of ${KINDS.join(", ")}` },
      config: configArg,
    },
    completes: { of: KINDS },
    failsWhen: "the configuration cannot be asked",
    examples: [
      {
        line: "source <(aggregator completions bash)",
        does: "In this bash; put it into ~/.bashrc for every one",
      },
      {
        line: 'aggregator completions zsh > "${fpath[1]}/_aggregator"',
        does: "For zsh, where it looks for such files",
      },
      {
        line: "aggregator completions fish > ~/.config/fish/completions/aggregator.fish",
        does: "For fish",
      },
    ],
    async run({ of, config }, { terminal, env, cwd }) {
      const shell = SHELLS.find((one) => one === of);
      if (shell !== undefined) {
        terminal.print(SCRIPTS[shell](all()).trimEnd());
        return EXIT.ok;
      }
      const kind = NAME_KINDS.find((one) => one === of);
      if (kind === undefined)
        throw new UsageError(`Cannot complete for "${of}": ${mustBeOneOf(KINDS, of)}`);
      const settings = await loadConfig({ path: config, cwd, env });
      terminal.hide(settings.secrets);
      for (const { name } of settings[kind] ?? []) terminal.print(name);
      return EXIT.ok;
    },
  });
}
