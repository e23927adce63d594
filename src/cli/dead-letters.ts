import { resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import { REFUSAL_REASONS, type RefusalReason } from "../core/event.ts";
import { mustBeOneOf } from "../core/must-be-one-of.ts";
import type { Settings } from "../core/settings.ts";
import { secondsOf } from "../core/time.ts";
import { realClock } from "../pipeline/real-clock.ts";
import type { DeadLetterPage, DeadLetterView } from "../pipeline/view.ts";
import { sealOf } from "../state/seal.ts";
import { StoredState, type StoredStateOptions } from "../state/stored-state.ts";
import { configArg, jsonArg } from "./args.ts";
import { askService } from "./ask-service.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { type Connection, connectionArgs, connectionOf } from "./connection.ts";
import { numberOf, rangeOf, within } from "./dead-letters/selection.ts";
import { countLetters, showLetters } from "./dead-letters/show.ts";
import { EXIT, UsageError } from "./exit.ts";
import { LineOutput } from "./line-output.ts";
import { type LetterSelection, purgeRunning, replayRunning } from "./running-letters.ts";

const ACTIONS = ["list", "counts", "export", "replay", "purge"] as const;

/** Letters that one request, or one query, gives. */
const PAGE = 1000;

export const deadLetters = defineCommand({
  name: "dead-letters",
  summary: "List, count, export, replay or remove what was refused",
  args: {
    action: {
      type: "positional",
      required: true,
      description: `What to do: ${ACTIONS.join(", ")}`,
    },
    url: {
      type: "positional",
      required: false,
      description:
        "A running service. Default: the state of the configuration; replay: the service of it",
    },
    config: configArg,
    ...connectionArgs,
    reason: { type: "string", valueHint: "word", description: "Only those of this reason" },
    through: {
      type: "string",
      valueHint: "seq",
      description: "Only those up to this number",
    },
    after: {
      type: "string",
      valueHint: "seq",
      description: "List, counts, export: only those behind this number",
    },
    since: {
      type: "string",
      valueHint: "time",
      description: "List, counts, export: only those refused since then: 2h ago, or a moment",
    },
    until: {
      type: "string",
      valueHint: "time",
      description: "List, counts, export: only those refused before then",
    },
    limit: {
      type: "string",
      alias: "n",
      valueHint: "number",
      description: "List: how many at most. Default: 50 on a terminal, else all",
    },
    all: { type: "boolean", description: "Replay, purge: all of them" },
    to: {
      type: "string",
      valueHint: "file",
      description: "Export: where the events go, a line each. Default: stdout",
    },
    json: jsonArg,
  },
  completes: { action: ACTIONS, reason: REFUSAL_REASONS },
  failsWhen: "the state or the service cannot be asked",
  examples: [
    { line: "aggregator dead-letters counts", does: "How many of each reason" },
    {
      line: "aggregator dead-letters list --reason late --since 2h",
      does: "What came too late lately",
    },
    {
      line: "aggregator dead-letters export http://plant-7:8000 --reason late --to late.ndjson",
      does: "The events themselves, for aggregator replay",
    },
    {
      line: "aggregator dead-letters replay --reason unknown_function",
      does: "After a fix: the running service takes these events as if they came again",
    },
    {
      line: "aggregator dead-letters purge --reason invalid_json --all",
      does: "Those of one reason go. Name its URL when the service runs",
    },
  ],
  async run(values, context) {
    const action = ACTIONS.find((known) => known === values.action);
    if (action === undefined)
      throw new UsageError(
        `Unknown action "${values.action}": ${mustBeOneOf(ACTIONS, values.action)}`,
      );
    const { url, config, json, token, ca, cert, key } = values;
    const connection = { token, ca, cert, key };
    const selection = { reason: reasonOf(values.reason), through: throughOf(values.through) };
    const query = { ...selection, through: selection.through ?? Number.MAX_SAFE_INTEGER };
    const isLooking = action === "list" || action === "counts" || action === "export";
    checkRange(values, { isLooking, action });
    if (action === "replay") {
      checkReplay({ ...selection, all: values.all });
      return await replayRunning(selection, { url, config, json, connection, context });
    }
    if (action === "purge") {
      if (values.all === (values.through !== undefined)) {
        throw new UsageError("Cannot purge: say which ones, by --through or by --all");
      }
      if (url !== undefined)
        return await purgeRunning(selection, { url, config, json, connection, context });
      return await purge(query, { path: config, json, context });
    }
    const range = rangeOf(values, secondsOf(realClock.now()));
    // From there on: those before are not even read.
    const wanted = { ...query, after: range.after };
    const found =
      url === undefined
        ? ofState(wanted, await stateOf(config, context))
        : ofService(wanted, { base: url, ...connectionOf(connection, context) });
    const { terminal } = context;
    const letters = within(found, range);
    if (action === "export") return await exportAll(letters, { to: values.to, json, context });
    if (action === "counts") await countLetters(letters, { json, terminal });
    else {
      const limit = values.limit === undefined ? undefined : numberOf(values.limit, "--limit");
      await showLetters(letters, { json, limit, terminal });
    }
    return EXIT.ok;
  },
});

/** A filter that an action does not know would be taken for one that counts. */
function checkRange(
  values: Readonly<Record<"after" | "since" | "until" | "limit", string | undefined>>,
  { isLooking, action }: { readonly isLooking: boolean; readonly action: string },
): void {
  const given = (["after", "since", "until"] as const).find((name) => values[name] !== undefined);
  if (given !== undefined && !isLooking) {
    throw new UsageError(
      `Option --${given} does not go with ${action}: say which ones by --through`,
    );
  }
  if (values.limit !== undefined && action !== "list") {
    throw new UsageError(`Option --limit does not go with ${action}`);
  }
}

function checkReplay({ reason, through, all }: LetterSelection & { readonly all: boolean }): void {
  if (reason === "late") {
    throw new UsageError(
      "Cannot replay what is late: its windows are closed for good. Export it (dead-letters export " +
        "--reason late) for aggregator replay",
    );
  }
  if (all && through !== undefined) {
    throw new UsageError("Cannot replay all and only some: leave --all or --through out");
  }
  if (reason === undefined && through === undefined && !all)
    throw new UsageError("Cannot replay: say which ones, by --reason, --through or --all");
}

interface Query {
  readonly reason: RefusalReason | undefined;
  readonly through: number;
}

interface LookQuery extends Query {
  readonly after: number;
}

async function exportAll(
  letters: AsyncIterable<DeadLetterView>,
  options: {
    readonly to: string | undefined;
    readonly json: boolean;
    readonly context: CommandContext;
  },
): Promise<0> {
  const { to, json, context } = options;
  const output =
    to === undefined
      ? LineOutput.toStream(process.stdout, "standard output")
      : LineOutput.toFile(resolve(context.cwd, to));
  let count = 0;
  try {
    for await (const { event } of letters) {
      // A line feed within it would make two events of one.
      output.add(event.replace(/[\r\n]+/g, " "));
      count++;
      await output.flush();
    }
  } finally {
    await output.close();
  }
  // Without a file standard output is that of the events.
  if (json && to !== undefined) context.terminal.print(JSON.stringify({ exported: count }));
  else context.terminal.say(`${count} exported`);
  return EXIT.ok;
}

async function purge(
  query: Query,
  options: {
    readonly path: string | undefined;
    readonly json: boolean;
    readonly context: CommandContext;
  },
): Promise<0> {
  const stored = StoredState.take(await stateOf(options.path, options.context));
  try {
    const purged = stored.purge(query);
    const { terminal } = options.context;
    terminal.print(options.json ? JSON.stringify({ purged }) : `${purged} removed`);
    return EXIT.ok;
  } finally {
    stored.close();
  }
}

async function* ofState(
  { reason, through, after: first }: LookQuery,
  options: StoredStateOptions,
): AsyncGenerator<DeadLetterView> {
  const stored = StoredState.read(options);
  try {
    for (let after = first; ; ) {
      const some = stored.deadLetters.list({ after, limit: PAGE, reason });
      for (const letter of some) if (letter.seq <= through) yield letter;
      const last = some.at(-1);
      if (last === undefined || last.seq >= through) return;
      after = last.seq;
    }
  } finally {
    stored.close();
  }
}

async function* ofService(
  { reason, through, after: first }: LookQuery,
  service: Connection & { readonly base: string },
): AsyncGenerator<DeadLetterView> {
  const filter = reason === undefined ? "" : `&reason=${reason}`;
  for (let after = String(first); ; ) {
    const path = `/dead-letters?limit=${PAGE}&after=${after}${filter}`;
    // The shape of `/dead-letters` is public.
    const page = (await askService({ ...service, path })) as DeadLetterPage;
    for (const letter of page.dead_letters) if (letter.seq <= through) yield letter;
    if (page.next === null || Number(page.next) >= through) return;
    after = page.next;
  }
}

async function stateOf(
  path: string | undefined,
  { terminal, env, cwd }: CommandContext,
): Promise<StoredStateOptions> {
  const settings: Settings = await loadConfig({ path, cwd, env });
  terminal.hide(settings.secrets);
  const { name: pipeline, state } = settings;
  return { dir: state.dir, pipeline, seal: sealOf(state.key) };
}

function reasonOf(word: string | undefined): RefusalReason | undefined {
  if (word === undefined) return undefined;
  const reason = REFUSAL_REASONS.find((known) => known === word);
  if (reason === undefined)
    throw new UsageError(`Unknown reason "${word}": ${mustBeOneOf(REFUSAL_REASONS, word)}`);
  return reason;
}

function throughOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) {
    throw new UsageError(`Cannot take "${text}" for --through: must be the seq of a dead letter`);
  }
  return Number(text);
}
