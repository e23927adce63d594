import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import { FatalError } from "../core/errors.ts";
import { TOKENS_MAX } from "../core/limits.ts";
import { mustBeOneOf } from "../core/must-be-one-of.ts";
import { nearest } from "../core/nearest.ts";
import { ROLES, type Role } from "../core/role.ts";
import { millisOf, parseDuration, secondsOf } from "../core/time.ts";
import { TOKEN_NAME, TOKEN_NAME_WANTED } from "../core/token-name.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { digestOf, isAlive, makeToken } from "../status/access/token-entry.ts";
import { configArg, jsonArg } from "./args.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { type KeptToken, KeptTokens } from "./kept-tokens.ts";
import { painter } from "./screen/styles.ts";
import { tableLines } from "./screen/table.ts";

const ACTIONS = ["list", "make", "revoke"] as const;

/** The tokens that are kept beside the state: a running service sees at once what becomes of them. */
export const token = defineCommand({
  name: "token",
  summary: "List, make and revoke the tokens of a service, also while it runs",
  details: [
    "Kept are hashes alone: a token is printed once, when it is made. Tokens of the configuration are not shown",
    "here. A token that is revoked opens nothing from the next request on, and signs its dashboards out.",
  ],
  args: {
    action: {
      type: "positional",
      required: true,
      description: `What to do: ${ACTIONS.join(", ")}`,
    },
    name: {
      type: "positional",
      required: false,
      description: "Make, revoke: who the token is for",
    },
    role: {
      type: "string",
      valueHint: "role",
      description: `Make: ${ROLES.join(", ")}`,
    },
    expires: {
      type: "string",
      valueHint: "when",
      description: "Make: after how long, such as 90d, or when, such as 2027-01-31. Default: never",
    },
    config: configArg,
    dir: {
      type: "string",
      valueHint: "folder",
      description:
        "Where the tokens are kept. Default: the folder of the state; of aggregator bus: its --dir",
    },
    json: jsonArg,
  },
  completes: { action: ACTIONS, role: ROLES },
  failsWhen: "there is no such token, or the state cannot be used",
  examples: [
    { line: "aggregator token list", does: "Which there are" },
    {
      line: "aggregator token make grafana --role viewer --expires 90d",
      does: "One that looks for three months; stdout has the token alone",
    },
    { line: "aggregator token make line-3 --role ingest", does: "One for a producer of events" },
    { line: "aggregator token revoke grafana", does: "It opens nothing any more" },
  ],
  async run({ action, name, role, expires, config, dir, json }, context) {
    const kept = new KeptTokens(await folderOf({ config, dir }, context));
    const output = { json, context };
    switch (action) {
      case "list":
        if (name !== undefined) throw new UsageError(`Unexpected argument "${name}"`);
        return list(kept, output);
      case "make":
        return make(
          kept,
          { name: nameOf(name), role: roleOf(role), expiresAtMs: endOf(expires) },
          output,
        );
      case "revoke":
        return revoke(kept, nameOf(name), output);
      default:
        throw new UsageError(`Unknown action "${action}": ${mustBeOneOf(ACTIONS, action)}`);
    }
  },
});

interface Output {
  readonly json: boolean;
  readonly context: CommandContext;
}

function list(kept: KeptTokens, { json, context: { terminal } }: Output): 0 {
  const tokens = kept.read() ?? [];
  const nowMs = secondsOf(realClock.now()) * 1_000;
  if (json) {
    terminal.print(JSON.stringify({ tokens: tokens.map(viewOf) }));
    return EXIT.ok;
  }
  if (tokens.length === 0) {
    terminal.say("No tokens are kept here: aggregator token make makes one");
    return EXIT.ok;
  }
  const rows = tokens.map((one) => [
    one.name,
    one.role,
    dayOf(one.madeAtMs) ?? "",
    one.expiresAtMs === undefined
      ? "never"
      : `${dayOf(one.expiresAtMs)}${isAlive(one, nowMs) ? "" : " (expired)"}`,
  ]);
  const columns = ["NAME", "ROLE", "MADE", "EXPIRES"].map((title) => ({ title }));
  const paint = painter(terminal.printsColours);
  terminal.printStyled(tableLines(columns, rows, { columns: Infinity, paint }).join("\n"));
  return EXIT.ok;
}

interface Wanted {
  readonly name: string;
  readonly role: Role;
  readonly expiresAtMs: number | undefined;
}

function make(kept: KeptTokens, wanted: Wanted, { json, context: { terminal } }: Output): 0 {
  const made = makeToken();
  const madeAtMs = secondsOf(realClock.now()) * 1_000;
  const entry: KeptToken = { ...wanted, digest: digestOf(made), madeAtMs, madeBy: "command" };
  // Tokens can be made before the first start.
  kept.makeFolder();
  kept.change((tokens) => {
    if (tokens.some(({ name }) => name === wanted.name)) {
      throw new FatalError(
        `A token "${wanted.name}" is there already: revoke it, or choose another name`,
      );
    }
    if (tokens.length >= TOKENS_MAX) {
      throw new FatalError(`${TOKENS_MAX} tokens are kept already: revoke some`);
    }
    return [...tokens, entry];
  });
  if (json) terminal.print(JSON.stringify({ ...viewOf(entry), token: made }));
  else {
    terminal.print(made);
    terminal.say(`This is shown once: the token of "${wanted.name}", ${wanted.role}`);
  }
  return EXIT.ok;
}

function revoke(kept: KeptTokens, name: string, { json, context: { terminal } }: Output): 0 {
  const without = (tokens: readonly KeptToken[]): readonly KeptToken[] => {
    const left = tokens.filter((one) => one.name !== name);
    if (left.length < tokens.length) return left;
    const names = tokens.map((one) => one.name);
    const meant = nearest(name, names);
    const hint = meant === undefined ? "" : `, did you mean "${meant}"?`;
    throw new FatalError(`No token "${name}" is kept in "${kept.path}"${hint}`);
  };
  // Where there is none there may be no folder, either.
  without(kept.read() ?? []);
  kept.change(without);
  terminal.print(json ? JSON.stringify({ revoked: name }) : `"${name}" is revoked`);
  return EXIT.ok;
}

function viewOf({ name, role, madeAtMs, expiresAtMs, madeBy }: KeptToken): object {
  const made_at = madeAtMs === undefined ? null : madeAtMs / 1_000;
  const expires_at = expiresAtMs === undefined ? null : expiresAtMs / 1_000;
  return { name, role, made_at, made_by: madeBy, expires_at };
}

async function folderOf(
  { config, dir }: { readonly config: string | undefined; readonly dir: string | undefined },
  { terminal, env, cwd }: CommandContext,
): Promise<string> {
  if (dir !== undefined) {
    const folder = resolve(cwd, dir);
    // A misspelt one would be made, and its tokens would open nothing.
    if (!existsSync(folder)) throw new FatalError(`Cannot find the folder "${folder}"`);
    return folder;
  }
  const settings = await loadConfig({ path: config, cwd, env });
  terminal.hide(settings.secrets);
  return settings.state.dir;
}

function nameOf(name: string | undefined): string {
  if (name === undefined) throw new UsageError("Missing argument NAME: who the token is for");
  if (TOKEN_NAME.test(name)) return name;
  throw new UsageError(`Cannot take "${name}" for a name: ${TOKEN_NAME_WANTED}`);
}

function roleOf(word: string | undefined): Role {
  const role = ROLES.find((known) => known === word);
  if (role !== undefined) return role;
  throw new UsageError(
    word === undefined
      ? `Missing option --role: must be one of ${ROLES.join(", ")}`
      : `Unknown role "${word}": ${mustBeOneOf(ROLES, word)}`,
  );
}

/** In epoch milliseconds; undefined: never. */
function endOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const nowMs = secondsOf(realClock.now()) * 1_000;
  const duration = parseDuration(text);
  const endMs =
    duration !== undefined
      ? nowMs + millisOf(duration)
      : /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(text)
        ? Date.parse(text)
        : Number.NaN;
  if (Number.isNaN(endMs) || endMs <= nowMs || endMs > 8.64e15) {
    throw new UsageError(
      `Cannot take "${text}" for --expires: must be a duration such as 90d, or a time to come such as 2027-01-31`,
    );
  }
  return endMs;
}

function dayOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString().replace(/:\d\d\.\d{3}Z$/, "Z");
}
