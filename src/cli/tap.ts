import { TAP_RATE_MAX } from "../core/limits.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { configArg, jsonArg } from "./args.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { connectionArgs } from "./connection.ts";
import { EXIT, type ExitCode, UsageError } from "./exit.ts";
import { LineOutput, ReaderGoneError } from "./line-output.ts";
import { painter } from "./screen/styles.ts";
import { addressOf } from "./service-address.ts";
import { stopAtSignal } from "./stop-at-signal.ts";
import { hasDropped, lineOfMessage, noticeOf } from "./tap/lines.ts";
import { type TapMessage, tapMessages } from "./tap/messages.ts";

const RATE_DEFAULT = "50";

export const tap = defineCommand({
  name: "tap",
  summary: "Show rows and events of a running service as they pass",
  details: [
    "Looking holds nothing up: the service shows a part of what passes, --rate of each kind a second at the",
    "most, and says how much it left out. With filters it looks for what is wanted in 10,000 events a second.",
    "A connection that is cut is made again: rows that fired meanwhile are shown then, missed events counted.",
    "On a terminal it is a table, elsewhere and with --json an object a line: type is event, row, refused,",
    "dropped, cut or resumed. It asks for the role operator, since events are shown as they came.",
  ],
  args: {
    url: {
      type: "positional",
      required: false,
      description: "A running service. Default: that of the configuration",
    },
    config: configArg,
    ...connectionArgs,
    rows: { type: "boolean", description: "Rows; without this and the next two all of them" },
    events: { type: "boolean", description: "Events as they came" },
    refused: { type: "boolean", description: "Events and rows that are refused, and why" },
    name: { type: "string", valueHint: "glob", description: "Only those of such a name" },
    rule: {
      type: "string",
      valueHint: "rule",
      description: "Only rows of this rule, and events that its match takes",
    },
    label: {
      type: "string",
      valueHint: "k=glob,…",
      description: "Only those with these labels",
    },
    "agg-func": {
      type: "string",
      valueHint: "function",
      description: "Only those of this function",
    },
    rate: {
      type: "string",
      valueHint: "number",
      default: RATE_DEFAULT,
      description: `Of each kind a second, up to ${TAP_RATE_MAX}`,
    },
    limit: { type: "string", alias: "n", valueHint: "number", description: "End after so many" },
    json: jsonArg,
  },
  failsWhen: "the service cannot be reached, or refuses",
  examples: [
    { line: "aggregator tap", does: "What passes in the service that is configured here" },
    {
      line: 'aggregator tap http://plant-7:8000 --events --name "http.*" --label env=prod',
      does: "Some events of another one",
    },
    {
      line: "aggregator tap --rows --rule latency --limit 10 --json",
      does: "The next ten rows of a rule, for a program",
    },
    { line: "aggregator tap --refused", does: "What is refused, and why" },
  ],
  async run(values, context): Promise<ExitCode> {
    const limit = limitOf(values.limit);
    const path = `/tap?${queryOf(values)}`;
    const { url, config, token: given, ca, cert, key } = values;
    const connection = { token: given, ca, cert, key };
    const { base, token, tls } = await addressOf({ url, config, connection, context });
    const signal = stopAtSignal();
    const messages = tapMessages({ base, path, token, tls, clock: realClock, signal });
    const asJson = values.json || !context.terminal.isPrintedToScreen;
    try {
      await show(messages, { limit, asJson, context });
    } catch (failure) {
      if (!(failure instanceof ReaderGoneError)) throw failure;
    }
    return EXIT.ok;
  },
});

/** Shows what comes, until the end or until `limit` were shown. */
async function show(
  messages: AsyncGenerator<TapMessage>,
  options: {
    readonly limit: number;
    readonly asJson: boolean;
    readonly context: CommandContext;
  },
): Promise<void> {
  const { limit, asJson, context } = options;
  const { terminal } = context;
  const paint = painter(terminal.printsColours);
  const output = LineOutput.toStream(process.stdout, "standard output");
  let shown = 0;
  for await (const message of messages) {
    const isShown =
      message.type === "event" || message.type === "row" || message.type === "refused";
    if (asJson) {
      const line = jsonOf(message);
      if (line !== undefined) output.add(terminal.redact(line));
      await output.flush("all");
    } else if (isShown) {
      const { columns } = terminal.printedSize;
      const nowMs = Math.floor(Number(realClock.now()) / 1000);
      terminal.printStyled(lineOfMessage(message, { nowMs, columns, paint }));
    }
    const notice = noticeOf(message);
    if (notice !== undefined && (!asJson || terminal.isInteractive)) terminal.say(notice);
    if (isShown && ++shown >= limit) return;
  }
}

function jsonOf(message: TapMessage): string | undefined {
  if (message.type !== "counts") return JSON.stringify(message);
  const { passed, looked, dropped } = message;
  if (!hasDropped(dropped)) return undefined;
  return JSON.stringify({ type: "dropped", ...dropped, passed, looked });
}

function queryOf(values: {
  readonly rows: boolean;
  readonly events: boolean;
  readonly refused: boolean;
  readonly name: string | undefined;
  readonly rule: string | undefined;
  readonly label: string | undefined;
  readonly "agg-func": string | undefined;
  readonly rate: string;
}): URLSearchParams {
  const query = new URLSearchParams();
  const shown = (["rows", "events", "refused"] as const).filter((kind) => values[kind]);
  if (shown.length > 0) query.set("show", shown.join(","));
  if (values.name !== undefined) query.set("name", values.name);
  if (values.rule !== undefined) query.set("rule", values.rule);
  if (values.label !== undefined) query.set("labels", values.label);
  if (values["agg-func"] !== undefined) query.set("agg_func", values["agg-func"]);
  if (!/^[1-9]\d{0,3}$/.test(values.rate) || Number(values.rate) > TAP_RATE_MAX) {
    const wanted = `must be a whole number from 1 to ${TAP_RATE_MAX}`;
    throw new UsageError(`Cannot take "${values.rate}" for --rate: ${wanted}`);
  }
  query.set("rate", values.rate);
  return query;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot take "${text}" for --limit: must be a whole number from 1 on`);
}
