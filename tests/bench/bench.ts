// `bun run bench`: how fast this checkout is, part by part, each figure beside its baseline from the same run.
// Every result is compared with the exact answer before a time counts.
import { parseArgs } from "node:util";
import { messageOf } from "../../src/core/errors.ts";
import { UnavailableError } from "../services/service.ts";
import { runCommand, wholeNumber } from "./harness/arguments.ts";
import { type Bench, type Part, withBench } from "./harness/bench.ts";
import { load, machine } from "./harness/machine.ts";
import { type PartResult, type Report, writeReport } from "./harness/report.ts";
import { tableText } from "./harness/table.ts";
import { writePage } from "./page.ts";
import { parts } from "./parts/list.ts";
import { profile } from "./profile/profile.ts";

const EVENTS = 2_000_000;
const ROUNDS = 5;

process.exitCode = await runCommand({ line: "bun run bench", help: help(), optionsOf, run });

async function run(options: Options): Promise<number> {
  const { events, rounds, chosen, json, docs } = options;
  const report: Report = {
    date: new Date().toISOString(),
    machine: machine(),
    events,
    rounds,
    parts: await withBench({ events, rounds }, (bench) => runAll(chosen, bench)),
  };
  if (json !== undefined) writeReport(json, report);
  if (docs) writePage(report);
  return report.parts.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

async function runAll(chosen: readonly Part[], bench: Bench): Promise<PartResult[]> {
  const { cpu, cores, bun } = machine();
  const count = bench.events.toLocaleString("en-US");
  console.log(`${cpu}, ${cores} cores, Bun ${bun}; ${count} events, ${bench.rounds} rounds`);
  console.log(
    "Ratios are medians over the rounds, each of one round; other figures are medians.\n",
  );
  const results: PartResult[] = [];
  for (const part of chosen) {
    const result = await runPart(part, bench);
    bench.say("");
    results.push(result);
    const why = result.failure ?? result.skipped;
    if (why !== undefined) console.log(`${part.name}: ${why}\n`);
    for (const table of result.tables) console.log(`${tableText(table)}\n`);
    console.log(`Load of the machine before and after: ${result.load.join(" and ")}\n`);
  }
  return results;
}

async function runPart(part: Part, bench: Bench): Promise<PartResult> {
  const before = load();
  const say = (text: string): void => bench.say(text === "" ? "" : `${part.name}: ${text}`);
  const done = (result: Partial<PartResult>): PartResult => {
    return { name: part.name, tables: [], load: [before, load()], ...result };
  };
  try {
    return done({ tables: await part.run({ ...bench, say }) });
  } catch (thrown) {
    if (thrown instanceof UnavailableError) return done({ skipped: `skipped: ${thrown.message}` });
    return done({ failure: `failed: ${messageOf(thrown)}` });
  }
}

interface Options {
  readonly help: boolean;
  readonly events: number;
  readonly rounds: number;
  readonly json: string | undefined;
  readonly docs: boolean;
  readonly chosen: readonly Part[];
}

function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      events: { type: "string", default: String(EVENTS) },
      rounds: { type: "string", default: String(ROUNDS) },
      json: { type: "string" },
      profile: { type: "boolean", default: false },
      docs: { type: "boolean", default: false },
    },
  });
  const chosen = positionals.map((name) => {
    const part = parts.find((one) => one.name === name);
    if (part !== undefined) return part;
    const known = parts.map((one) => one.name).join(", ");
    throw new Error(`Unknown part "${name}": there are ${known}`);
  });
  const usual = chosen.length === 0 ? (values.profile ? [] : parts) : chosen;
  return {
    help: values.help,
    events: wholeNumber("--events", values.events),
    rounds: wholeNumber("--rounds", values.rounds),
    json: values.json,
    docs: values.docs,
    chosen: values.profile ? [...usual, profile] : usual,
  };
}

function help(): string {
  const width = Math.max(...parts.map(({ name }) => name.length)) + 2;
  return [
    "Measures this checkout: bun run bench [PART…] [OPTION…]",
    "",
    "Parts, all of them when none is named:",
    ...parts.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    "",
    "Options:",
    `  --events N   events of one input, ${EVENTS.toLocaleString("en-US")} unless it says otherwise`,
    `  --rounds N   runs of each program, in turns; ${ROUNDS} unless it says otherwise`,
    `  --profile    ${profile.summary}; alone, or beside the parts that are named`,
    "  --json FILE  writes every sample there",
    "  --docs       writes the tables of docs/benchmarks.md, and the goals there",
    "  --help       this text",
    "",
    "Exit codes: 0, 1 (a part failed, or gave a wrong answer), 2 (usage).",
  ].join("\n");
}
