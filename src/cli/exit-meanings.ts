import type { Command } from "./command.ts";
import { EXIT } from "./exit.ts";

/**
 * What exit code 1 of a command means, by its name. 0 is success, 2 a wrong command line, 78 a wrong
 * configuration: those are the same everywhere.
 */
const FAILS_WHEN: Readonly<Record<string, string>> = {
  run: "some part cannot go on",
  check: "with `--connect`, a part cannot be reached",
  test: "a case is not as expected",
  diff: "something would change",
  replay: "the input cannot be read, or the output not written",
  status: "the service is degraded or cannot be reached",
  tap: "the service cannot be reached, or refuses",
  token: "there is no such token, or the state cannot be used",
  alerts: "the service cannot be reached, or refuses",
  why: "there is no such event",
  bus: "the bus cannot be served",
  init: "a file is there already",
  demo: "some part cannot go on",
  healthcheck: "the service is not alive",
  audit: "the ledger does not balance",
  "dead-letters": "the state or the service cannot be asked",
  backup: "it cannot be made; with `--verify`, it is not whole",
  restore: "it cannot be restored, or there is a state",
  rekey: "the state cannot be sealed",
  export: "a rule cannot be said there",
  completions: "the configuration cannot be asked",
};

/** The exit codes of a command with what they mean, in Markdown. */
export function exitCodesOf(command: Command): readonly (readonly [code: number, means: string])[] {
  const fails = FAILS_WHEN[command.name];
  if (fails === undefined)
    throw new Error(
      `Invariant broken: nothing is said of ${command.name}: add it to cli/exit-meanings.ts`,
    );
  return [
    [EXIT.ok, "it went well"],
    [EXIT.failed, fails],
    [EXIT.usage, "the command line is wrong"],
    ...("config" in command.args ? [[EXIT.config, "the configuration is wrong"] as const] : []),
  ];
}
