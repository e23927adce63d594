import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";

/**
 * The exit codes of a command with what they mean, in Markdown. 0, 2 and 78 mean the same everywhere.
 */
export function exitCodesOf(command: Command): readonly (readonly [code: number, means: string])[] {
  return [
    [EXIT.ok, "it went well"],
    [EXIT.failed, command.failsWhen],
    [EXIT.usage, "the command line is wrong"],
    ...("config" in command.args ? [[EXIT.config, "the configuration is wrong"] as const] : []),
  ];
}
