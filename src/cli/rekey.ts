import { loadConfig } from "../config/load.ts";
import { parseKey } from "../config/state-key.ts";
import { rekey as sealAnew } from "../state/rekey.ts";
import { sealOf } from "../state/seal.ts";
import { configArg, jsonArg } from "./args.ts";
import { defineCommand } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";

export const rekey = defineCommand({
  name: "rekey",
  summary: "Encrypt the state with another key, with a first one, or with none",
  args: {
    config: configArg,
    "new-key-env": {
      type: "string",
      valueHint: "name",
      description: "Variable of the environment that holds the new key",
    },
    plain: { type: "boolean", description: "Encrypt nothing any more" },
    json: jsonArg,
  },
  failsWhen: "the state cannot be sealed",
  examples: [
    {
      line: 'NEW_KEY="$(openssl rand -base64 32)" aggregator rekey --new-key-env NEW_KEY',
      does: "From the key of the configuration, or from none, to this one; keep it first",
    },
    { line: "aggregator rekey --plain", does: "Back to a state that anyone can read" },
  ],
  async run({ config, "new-key-env": name, plain, json }, { terminal, env, cwd }) {
    if (plain === (name !== undefined)) {
      throw new UsageError("Cannot rekey: say the new key by --new-key-env, or --plain for none");
    }
    const text = name === undefined ? undefined : env[name];
    if (text !== undefined) terminal.hide([text]);
    const key = text === undefined ? undefined : parseKey(text);
    if (name !== undefined && key === undefined) {
      const state = text === undefined || text === "" ? "is not set" : "holds no key";
      throw new UsageError(
        `Variable ${name} ${state}: must be 32 bytes as base64 (openssl rand -base64 32) or as hex`,
      );
    }
    const settings = await loadConfig({ path: config, cwd, env });
    terminal.hide(settings.secrets);
    const { dir } = settings.state;
    const result = await sealAnew({
      dir,
      from: sealOf(settings.state.key),
      to: sealOf(key),
      onPart: (part) => terminal.say(`Sealing ${part}`),
    });
    if (json) {
      terminal.print(JSON.stringify({ dir, result, sealed: !plain }));
      return EXIT.ok;
    }
    const how = plain
      ? "sealed with none: take state.key away"
      : `sealed with that key: name it in state.key`;
    const said = {
      nothing: "was sealed so before; nothing was changed",
      finished: "has the key now that was begun with before; run it again if another one is meant",
      done: `is ${how}. Backups keep the key of their time`,
    };
    terminal.print(`State in ${dir} ${said[result]}`);
    return EXIT.ok;
  },
});
