import { mustBeOneOf } from "../core/must-be-one-of.ts";
import { shownLine } from "../core/shown-text.ts";
import type { AlertReport, Silence } from "../pipeline/view.ts";
import { configArg, jsonArg } from "./args.ts";
import { askService } from "./ask-service.ts";
import { defineCommand } from "./command.ts";
import { connectionArgs } from "./connection.ts";
import { EXIT, UsageError } from "./exit.ts";
import { shortSpanText } from "./screen/numbers.ts";
import { addressOf } from "./service-address.ts";
import type { Terminal } from "./terminal.ts";

const ACTIONS = ["list", "silence", "unsilence", "test"] as const;

export const alerts = defineCommand({
  name: "alerts",
  summary: "Show the alerts of a running service, silence some of them, test a notifier",
  details: [
    "A silence has an end, and outlives a restart of the service. The service is that of the configuration unless",
    "a URL is given; its token is taken from AGGREGATOR_TOKEN, or from the configuration.",
  ],
  args: {
    action: {
      type: "positional",
      required: true,
      description: `What to do: ${ACTIONS.join(", ")}`,
    },
    url: { type: "positional", required: false, description: "A running service" },
    config: configArg,
    ...connectionArgs,
    name: {
      type: "string",
      valueHint: "alert",
      description: 'Silence, unsilence: its name; for a silence a glob such as "*", too',
    },
    id: { type: "string", valueHint: "id", description: "Unsilence: one silence, by its id" },
    label: {
      type: "string",
      valueHint: "name=value,…",
      description: "Silence: only what has these labels",
    },
    for: { type: "string", valueHint: "duration", description: "Silence: how long, such as 2h" },
    notifier: { type: "string", valueHint: "notifier", description: "Test: the notifier" },
    comment: { type: "string", valueHint: "text", description: "Silence: why" },
    json: jsonArg,
  },
  completes: { action: ACTIONS },
  failsWhen: "the service cannot be reached, or refuses",
  examples: [
    { line: "aggregator alerts list", does: "What fires, what is pending, what is silenced" },
    {
      line: 'aggregator alerts silence --name sink_down --label sink=warehouse --for 2h --comment "upgrade"',
      does: "Nobody is told that this sink is down for two hours",
    },
    { line: "aggregator alerts test --notifier ops", does: "Does a message get there" },
    { line: "aggregator alerts unsilence --name sink_down", does: "Its silences end now" },
  ],
  async run(values, context) {
    const action = ACTIONS.find((known) => known === values.action);
    if (action === undefined)
      throw new UsageError(
        `Unknown action "${values.action}": ${mustBeOneOf(ACTIONS, values.action)}`,
      );
    checkOptions(action, values);
    const { url, config, token, ca, cert, key } = values;
    const connection = { token, ca, cert, key };
    const service = await addressOf({ url, config, connection, context });
    const { terminal } = context;
    const { json } = values;
    if (action === "list") {
      // The shape of `/alerts` is public.
      const report = (await askService({ ...service, path: "/alerts" })) as AlertReport;
      if (json) terminal.print(JSON.stringify(report));
      else {
        // A line feed of a name makes no line of its own.
        for (const line of linesOf(report, Date.now() / 1000)) terminal.print(shownLine(line));
      }
    } else if (action === "silence") {
      const { name, comment } = values;
      const post = { name, labels: labelsOf(values.label), for: values.for, comment };
      const silence = (await askService({ ...service, path: "/alerts/silence", post })) as Silence;
      sayOr(json, terminal, silence, `Silenced until ${timeOf(silence.until)}, as ${silence.id}`);
    } else if (action === "test") {
      const post = { notifier: values.notifier };
      const answer = (await askService({
        ...service,
        path: "/alerts/test",
        post,
        timeoutMs: TEST_MS,
      })) as object;
      sayOr(json, terminal, answer, `${values.notifier} took it`);
    } else {
      const { id, name } = values;
      const answer = await askService({
        ...service,
        path: "/alerts/unsilence",
        post: { id, name },
      });
      const { removed } = answer as { removed: number }; // its shape is public
      sayOr(json, terminal, { removed }, `${removed} ended`);
    }
    return EXIT.ok;
  },
});

function sayOr(json: boolean, terminal: Terminal, answer: object, text: string): void {
  terminal.print(json ? JSON.stringify(answer) : text);
}

const ALLOWED = {
  list: [],
  silence: ["name", "label", "for", "comment"],
  unsilence: ["id", "name"],
  test: ["notifier"],
} as const;

/** As long as the timeout of a notifier may be, and some. */
const TEST_MS = 320_000;

const OPTIONS = ["name", "id", "label", "for", "comment", "notifier"] as const;

/** Which options go with which action: an option that changes nothing would be believed to have done it. */
function checkOptions(
  action: (typeof ACTIONS)[number],
  values: Readonly<Record<(typeof OPTIONS)[number], string | undefined>>,
): void {
  const allowed: readonly string[] = ALLOWED[action];
  for (const option of OPTIONS) {
    if (values[option] !== undefined && !allowed.includes(option)) {
      throw new UsageError(`Option --${option} does not go with ${action}`);
    }
  }
  if (action === "silence" && (values.name === undefined || values.for === undefined)) {
    throw new UsageError("Cannot silence: say what by --name, and how long by --for");
  }
  if (action === "test" && values.notifier === undefined) {
    throw new UsageError("Cannot test: say which notifier, by --notifier");
  }
  if (action === "unsilence" && (values.name === undefined) === (values.id === undefined)) {
    throw new UsageError("Cannot end silences: say which ones, by --name or by --id");
  }
}

function labelsOf(text: string | undefined): Record<string, string> | undefined {
  if (text === undefined) return undefined;
  const pairs = text.split(",").map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError(`Cannot take "${pair}" for --label: must be name=value`);
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

/** What a person wants to know first: what fires. */
function linesOf(
  { alerts: active, silences, notifiers, resolved }: AlertReport,
  now: number,
): string[] {
  const lines = active.map(
    ({ state, severity, name, summary, since, clock, silenced, flapping }) => {
      const marks = [silenced ? "silenced" : "", flapping === true ? "flapping" : ""].filter(
        Boolean,
      );
      const age =
        clock === "event" ? `since ${timeOf(since)}` : `for ${shortSpanText(now - since)}`;
      const head = `${state.padEnd(8)} ${severity.padEnd(8)} ${name}`;
      return `${head}  ${summary}  (${[age, ...marks].join(", ")})`;
    },
  );
  const silent = silences.map(({ id, name, labels, until, comment }) => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
    const what = pairs.length === 0 ? name : `${name} ${pairs.join(",")}`;
    return `silence  ${id} ${what} until ${timeOf(until)}${comment === "" ? "" : `  (${comment})`}`;
  });
  const troubled = notifiers
    .filter(({ problem }) => problem !== undefined)
    .map(({ name, waiting, problem }) => `notifier ${name}: ${problem} (${waiting} waiting)`);
  const last = resolved[0];
  const quiet = active.length === 0 ? ["No alert is pending or fires"] : [];
  const ended =
    last === undefined ? [] : [`last resolved: ${last.name} at ${timeOf(last.resolved_at)}`];
  return [...quiet, ...lines, ...silent, ...troubled, ...ended];
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
