import { loadConfig } from "../config/load.ts";
import { FatalError } from "../core/errors.ts";
import { silentLogger } from "../core/logger.ts";
import type { Settings, SourceSettings } from "../core/settings.ts";
import { explainStored } from "../pipeline/explain/explain-stored.ts";
import { Explainer } from "../pipeline/explain/explainer.ts";
import type { Explanation } from "../pipeline/explain/explanation.ts";
import { type FollowedEvent, FollowedEvents } from "../pipeline/explain/followed-events.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { replay } from "../pipeline/replay.ts";
import type { DeadLetter } from "../state/dead-letters.ts";
import { sealOf } from "../state/seal.ts";
import { StoredState } from "../state/stored-state.ts";
import { configArg, jsonArg } from "./args.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { EXIT, type ExitCode, UsageError } from "./exit.ts";
import { inputOf } from "./input-of.ts";
import { proseOf } from "./why/prose.ts";
import { EVENT_PLACE, withEvent } from "./why/with-event.ts";

export const why = defineCommand({
  name: "why",
  summary: "Say what became of an event: its windows and rows, or why it is in none",
  details: [
    "With --input the events come as in aggregator replay, to the end of the input. --event alone asks a",
    "service that has seen nothing; with --input it comes behind all the others.",
    "--seq asks the state of the configuration: why the event was refused, and what would become of it if it",
    "came again now. Nothing is changed.",
  ],
  args: {
    input: {
      type: "string",
      alias: "i",
      valueHint: "file|-",
      description: "NDJSON events; - reads standard input; gzip is recognised in both",
    },
    line: {
      type: "string",
      valueHint: "number",
      description: "The event on this line of the input",
    },
    id: { type: "string", valueHint: "text", description: "The events of the input with this id" },
    event: { type: "string", valueHint: "json", description: "This event" },
    seq: { type: "string", valueHint: "number", description: "The event of this dead letter" },
    config: configArg,
    json: jsonArg,
  },
  failsWhen: "there is no such event",
  examples: [
    { line: "aggregator why --input day.ndjson --line 4711", does: "Was it late, and by how much" },
    { line: "aggregator why --input day.ndjson --id a1b2", does: "Every event with this id" },
    {
      line: `aggregator why --event '{"name":"cpu","value":1,"timestamp":1700000000}'`,
      does: "Which rules want it, and into which windows it goes",
    },
    { line: "aggregator why --seq 12", does: "A dead letter of the state here" },
  ],
  async run(values, context): Promise<ExitCode> {
    const { terminal, env, cwd } = context;
    const question = questionOf(values);
    const settings = await loadConfig({ path: values.config, cwd, env });
    terminal.hide(settings.secrets);
    if (question.kind === "seq") {
      return await answerSeq(question.seq, { settings, json: values.json, context });
    }
    const input = values.input === undefined ? undefined : inputOf(values.input, cwd);
    const events = await follow(question, { settings, input });
    if (values.json) terminal.print(JSON.stringify({ events }));
    else if (events.length === 0) terminal.say(`There is no event ${question.text} in the input`);
    else terminal.print(events.map((event) => proseOf(event).join("\n")).join("\n\n"));
    return events.length === 0 ? EXIT.failed : EXIT.ok;
  },
});

/** Which events are asked for. */
type Question =
  | { readonly kind: "seq"; readonly seq: number }
  | {
      readonly kind: "input" | "event";
      /** How a person would say it. */
      readonly text: string;
      /** The event that comes behind the input. */
      readonly event: string | undefined;
      readonly isWanted: (explanation: Explanation) => boolean;
    };

function questionOf(values: {
  readonly input: string | undefined;
  readonly line: string | undefined;
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly seq: string | undefined;
}): Question {
  const { input, line, id, event, seq } = values;
  const asked = [line, id, event, seq].filter((value) => value !== undefined);
  if (asked.length !== 1) {
    throw new UsageError("Say which event, by one of --line, --id, --event and --seq");
  }
  if (seq !== undefined) {
    if (input !== undefined) throw new UsageError("Option --seq goes without --input");
    return { kind: "seq", seq: numberOf(seq, "--seq") };
  }
  if (event !== undefined) {
    // A line feed within it would make two lines of one.
    const text = event.replace(/[\r\n]+/g, " ");
    return { kind: "event", text, event: text, isWanted: ({ at }) => at === EVENT_PLACE };
  }
  if (input === undefined) throw new UsageError(`Option --${line ? "line" : "id"} needs --input`);
  if (line !== undefined) {
    const place = `line ${numberOf(line, "--line")}`;
    return {
      kind: "input",
      text: `on ${place}`,
      event: undefined,
      isWanted: ({ at }) => at === place,
    };
  }
  return {
    kind: "input",
    text: `with the id ${JSON.stringify(id)}`,
    event: undefined,
    isWanted: (one) => one.id === id,
  };
}

function numberOf(text: string, option: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot take "${text}" for ${option}: must be a whole number from 1 on`);
}

/** Reads the input to its end, so that every window of the events has its rows. */
async function follow(
  { event, isWanted }: Exclude<Question, { kind: "seq" }>,
  { settings, input }: { readonly settings: Settings; readonly input: SourceSettings | undefined },
): Promise<FollowedEvent[]> {
  const followed = new FollowedEvents(isWanted);
  await replay(settings, {
    // Without an event there is an input: `questionOf` saw to it.
    input: event === undefined ? input! : withEvent(event, input),
    clock: realClock,
    logger: silentLogger,
    seed: Math.floor(Math.random() * 2 ** 32),
    onRows: async (rows) => followed.addRows(rows),
    onRefusal: () => undefined,
    watcher: new Explainer(settings, (explanation) => followed.add(explanation)),
    signal: new AbortController().signal,
  });
  return followed.events;
}

async function answerSeq(
  seq: number,
  options: {
    readonly settings: Settings;
    readonly json: boolean;
    readonly context: CommandContext;
  },
): Promise<ExitCode> {
  const { settings, json, context } = options;
  const { name: pipeline, state } = settings;
  const stored = StoredState.read({ dir: state.dir, pipeline, seal: sealOf(state.key) });
  try {
    const [letter] = stored.deadLetters.list({ after: seq - 1, limit: 1 });
    if (letter?.seq !== seq) throw new FatalError(`There is no dead letter ${seq} in the state`);
    const again = explainStored(letter.event.replace(/[\r\n]+/g, " "), {
      settings,
      pages: stored.pages(() => true),
      clock: realClock,
      at: "again, now",
    });
    if (json) context.terminal.print(JSON.stringify({ letter, again: again ?? null }));
    else context.terminal.print([...letterLines(letter), ...againLines(again)].join("\n"));
    return EXIT.ok;
  } finally {
    stored.close();
  }
}

function letterLines({ seq, at, reason, detail, received_at }: DeadLetter): string[] {
  const when = new Date(received_at * 1000).toISOString();
  return [`Dead letter ${seq}, of ${at}, ${when}`, `  Refused as ${reason}: ${detail}.`];
}

function againLines(again: Explanation | undefined): string[] {
  return again === undefined ? [] : ["If it came again now:", ...proseOf({ ...again, rows: [] })];
}
