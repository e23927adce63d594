import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import type { Refusal } from "../core/event.ts";
import { LEDGER_OUTCOMES } from "../core/ledger.ts";
import type { ResultRow } from "../core/result.ts";
import { rowToJson } from "../core/result-json.ts";
import type { Settings } from "../core/settings.ts";
import { secondsOf } from "../core/time.ts";
import { Explainer } from "../pipeline/explain/explainer.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { type ReplaySummary, replay as replayEvents } from "../pipeline/replay.ts";
import { SinkOutput } from "../pipeline/sink-output.ts";
import { configArg, jsonArg } from "./args.ts";
import { defineCommand } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { inputOf } from "./input-of.ts";
import { LineOutput, ReaderGoneError } from "./line-output.ts";
import { openLog } from "./log.ts";
import { levelChoiceOf, logLevelArg } from "./log-level.ts";
import { openProgressBar } from "./progress.ts";
import { stopSignal } from "./stop-signal.ts";
import type { Terminal } from "./terminal.ts";

/** Refused events that are told one by one; the others are counted. */
const REFUSALS_SHOWN = 10;

/** Where the rows go. */
interface RowOutput {
  write(rows: readonly ResultRow[]): Promise<void>;
  close(): Promise<void>;
}

export const replay = defineCommand({
  name: "replay",
  summary: "Aggregate a file or a pipe to its end and print the rows",
  args: {
    input: {
      type: "string",
      alias: "i",
      required: true,
      valueHint: "file|-",
      description: "NDJSON events; - reads standard input; gzip is recognised in both",
    },
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      description: "Write the rows (NDJSON) there and not to standard output",
    },
    to: {
      type: "string",
      valueHint: "sink",
      description: "Write the rows to a sink of the configuration; they overwrite older ones",
    },
    "dead-letters": {
      type: "string",
      valueHint: "file",
      description: "Write every refused event there, with its reason and place (NDJSON)",
    },
    explain: {
      type: "string",
      valueHint: "file|-",
      description:
        "Write what became of every event there (NDJSON): its windows, or why it is in none; " +
        "- is standard output, for which the rows have to go elsewhere",
    },
    config: configArg,
    "log-level": logLevelArg,
    json: { ...jsonArg, description: "Print the summary as JSON, on stderr" },
  },
  failsWhen: "the input cannot be read, or the output not written",
  examples: [
    { line: "aggregator replay --input events.ndjson", does: "Print the rows of a file" },
    { line: "cat *.gz | aggregator replay --input - > rows.ndjson", does: "Aggregate a pipe" },
    {
      line: "aggregator replay --input day.ndjson.gz --to warehouse",
      does: "Correct the rows of a day in a sink of the configuration",
    },
    {
      line: "aggregator replay --input day.ndjson --explain why.ndjson > rows.ndjson",
      does: "The rows, and for every event what became of it",
    },
  ],
  async run(values, { terminal, env, cwd }) {
    if (values.output !== undefined && values.to !== undefined) {
      throw new UsageError("Options --output and --to exclude each other");
    }
    if (values.explain === "-" && values.output === undefined && values.to === undefined) {
      throw new UsageError(
        "Option --explain - needs --output or --to: the rows have to go elsewhere",
      );
    }
    const settings = await loadConfig({ path: values.config, cwd, env });
    terminal.hide(settings.secrets);
    const logger = openLog(terminal, {
      chosen: levelChoiceOf(values["log-level"], env),
      settings: settings.log,
    });
    const stop = stopSignal(logger);
    const input = inputOf(values.input, cwd);
    const output = await outputOf(values, { settings, cwd, logger, stop });
    const letters =
      values["dead-letters"] === undefined
        ? undefined
        : LineOutput.toFile(resolve(cwd, values["dead-letters"]));
    const explanations = values.explain === undefined ? undefined : linesTo(values.explain, cwd);
    const refusals = new RefusalReport();
    const bar = openProgressBar(terminal, {
      clock: realClock,
      bytesTotal: sizeOf(values.input, cwd),
    });
    try {
      const summary = await replayEvents(settings, {
        input,
        clock: realClock,
        logger,
        seed: Math.floor(Math.random() * 2 ** 32),
        onRows: (rows) => output.write(rows),
        onRefusal: (refusal) => {
          refusals.add(refusal);
          letters?.add(JSON.stringify(refusal));
        },
        onBatch: async (done) => {
          bar.update(done);
          await letters?.flush();
          await explanations?.flush();
        },
        watcher:
          explanations === undefined
            ? undefined
            : new Explainer(settings, (one) => explanations.add(JSON.stringify(one))),
        signal: stop,
      });
      await output.close();
      await letters?.close();
      await explanations?.close();
      bar.close();
      if (values.json) terminal.say(JSON.stringify(summary));
      else say(summary, refusals, terminal);
      return EXIT.ok;
    } catch (failure) {
      bar.close();
      // Whoever read the rows has enough: that is no failure, and a pipe is no place for remarks.
      if (failure instanceof ReaderGoneError) {
        await letters?.close();
        if (values.explain !== "-") await explanations?.close();
        return EXIT.ok;
      }
      if (!stop.aborted) throw failure;
      terminal.say("Stopped: the rows written so far are not all.");
      return EXIT.failed;
    }
  },
});

async function outputOf(
  values: { readonly output: string | undefined; readonly to: string | undefined },
  context: {
    readonly settings: Settings;
    readonly cwd: string;
    readonly logger: ReturnType<typeof openLog>;
    readonly stop: AbortSignal;
  },
): Promise<RowOutput> {
  const { settings, cwd, logger, stop } = context;
  if (values.to !== undefined) {
    const sink = settings.sinks.find(({ name }) => name === values.to);
    if (sink === undefined) {
      const known = settings.sinks.map(({ name }) => name).join(", ");
      throw new UsageError(`Unknown sink ${values.to}: the configuration has ${known}`);
    }
    const generation = Math.floor(secondsOf(realClock.now()));
    const { name: pipeline } = settings;
    const random = Math.random;
    // A correction belongs to no state, so it fences nobody.
    const owner = { share: "0/1", lineage: randomUUID(), epoch: 0 };
    return new SinkOutput(sink, {
      pipeline,
      owner,
      generation,
      clock: realClock,
      logger,
      random,
      stop,
    });
  }
  const lines = linesTo(values.output ?? "-", cwd);
  return {
    write: async (rows) => {
      for (const row of rows) lines.add(rowToJson(row));
      await lines.flush();
    },
    close: () => lines.close(),
  };
}

/** Lines to a file, or with `-` to standard output. */
function linesTo(path: string, cwd: string): LineOutput {
  return path === "-"
    ? LineOutput.toStream(process.stdout, "standard output")
    : LineOutput.toFile(resolve(cwd, path));
}

function sizeOf(path: string, cwd: string): number | undefined {
  const stats = path === "-" ? undefined : statSync(resolve(cwd, path), { throwIfNoEntry: false });
  // What a gzip file unpacks to, nobody knows before.
  return stats?.isFile() === true && !path.endsWith(".gz") ? stats.size : undefined;
}

/** Keeps the first refusals to show them. */
class RefusalReport {
  readonly first: Refusal[] = [];
  count = 0;

  add(refusal: Refusal): void {
    this.count++;
    if (this.first.length < REFUSALS_SHOWN) this.first.push(refusal);
  }
}

function say(summary: ReplaySummary, refusals: RefusalReport, terminal: Terminal): void {
  const number = (n: number): string => n.toLocaleString("en-US");
  const parts = [`${number(summary.aggregated)} aggregated`];
  for (const outcome of LEDGER_OUTCOMES) {
    if (outcome === "aggregated" || summary[outcome] === 0) continue;
    parts.push(`${number(summary[outcome])} ${outcome.replace("_", " ")}`);
  }
  for (const { at, reason, detail } of refusals.first) terminal.say(`${at}: ${reason}: ${detail}`);
  const more = refusals.count - refusals.first.length;
  if (more > 0) terminal.say(`… and ${number(more)} more; --dead-letters FILE keeps them all`);
  const rate = `${summary.seconds.toFixed(2)} s, ${number(summary.events_per_second)} events/s`;
  terminal.say(`${number(summary.received)} events: ${parts.join(", ")}`);
  terminal.say(`${number(summary.rows)} rows (${rate})`);
}
