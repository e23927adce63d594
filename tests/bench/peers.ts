// `bun run bench:peers`: other programs over the same file in the same run, each answer compared with the exact
// one. They are fetched from the public registries into a cache outside the repository.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UnavailableError } from "../services/service.ts";
import type { Answer } from "./harness/answer.ts";
import { runCommand, wholeNumber } from "./harness/arguments.ts";
import { type Bench, withBench } from "./harness/bench.ts";
import { type Contestant, contest } from "./harness/contest.ts";
import { CHART, putIntoPage } from "./harness/docs.ts";
import { rowsIn } from "./harness/inputs.ts";
import { load, machine } from "./harness/machine.ts";
import { measure } from "./harness/process.ts";
import { recorded } from "./harness/record.ts";
import { writeReport } from "./harness/report.ts";
import { tableText } from "./harness/table.ts";
import { keep, partMarkdown } from "./page.ts";
import { BASELINE, peers } from "./peers/list.ts";
import type { InstalledPeer, Peer } from "./peers/peer.ts";
import {
  chartOf,
  type PeerResult,
  type PeersReport,
  pageOf,
  SMALLER_PART,
  tableOf,
} from "./peers/report.ts";

const EVENTS = 2_000_000;
const ROUNDS = 3;

process.exitCode = await runCommand({
  line: "bun run bench:peers",
  help: help(),
  optionsOf,
  run: compete,
});

async function compete(options: Options): Promise<number> {
  const { events, rounds, chosen, json, docs } = options;
  const before = load();
  const results = await withBench({ events, rounds }, (bench) => runAll(chosen, bench));
  const report: PeersReport = {
    date: new Date().toISOString(),
    machine: machine(),
    events,
    rounds,
    load: [before, load()],
    peers: results,
  };
  console.log(`\n${tableText(tableOf(report))}\n`);
  for (const { name, problem } of results) {
    if (problem !== undefined) console.log(`${name}: ${problem}`);
  }
  if (json !== undefined) writeReport(json, report);
  if (docs) {
    const { date, load: loads } = report;
    const part = { name: "peers", events, rounds, date, load: loads, machine: report.machine };
    keep([{ ...part, tables: [tableOf(report)] }]);
    const others = recorded().filter((one) => one.name === "peers" && one.events !== events);
    putIntoPage("peers", [pageOf(report), ...others.map(partMarkdown)].join("\n\n"));
    // A chart of some of them would say too little.
    if (peers.every((peer) => peer.optional !== undefined || chosen.includes(peer))) {
      writeFileSync(CHART, chartOf(report));
    }
  }
  return 0;
}

async function runAll(chosen: readonly Peer[], bench: Bench): Promise<PeerResult[]> {
  const installed = new Map<Peer, InstalledPeer>();
  const problems = new Map<Peer, string>();
  for (const peer of peers) {
    if (!chosen.includes(peer)) {
      if (peer.optional !== undefined) problems.set(peer, `not run: ${peer.optional}`);
      continue;
    }
    bench.say(`${peer.name}: installing`);
    try {
      installed.set(peer, await peer.install(bench));
    } catch (thrown) {
      if (!(thrown instanceof UnavailableError)) throw thrown;
      problems.set(peer, `cannot be installed here: ${thrown.message}`);
    }
  }
  const wrong = new Map<Peer, string>();
  const all = [...installed];
  const run = (events: number, rounds: number) => {
    const say = (text: string): void =>
      bench.say(`${events.toLocaleString("en-US")} events, ${text}`);
    const contestants = all.map(([peer, its]) =>
      contestant(peer, its, { bench, events, onWrong: (why) => wrong.set(peer, why) }),
    );
    return contest(contestants, { rounds, say });
  };
  const smaller = await run(Math.ceil(bench.events * SMALLER_PART), 1);
  const standings = await run(bench.events, bench.rounds);
  return peers
    .filter((peer) => installed.has(peer) || problems.has(peer))
    .map((peer) => {
      const { name, configuration } = peer;
      const at = all.findIndex(([one]) => one === peer);
      const found = wrong.get(peer);
      const problem = problems.get(peer) ?? (found === undefined ? undefined : `wrong: ${found}`);
      return {
        name,
        configuration,
        version: installed.get(peer)?.version,
        problem,
        samples: standings[at]?.samples ?? [],
        smaller: smaller[at]?.samples[0],
      };
    });
}

function contestant(
  peer: Peer,
  { command, env }: InstalledPeer,
  of: {
    readonly bench: Bench;
    readonly events: number;
    readonly onWrong: (why: string) => void;
  },
): Contestant {
  const { bench, events, onWrong } = of;
  const input = bench.inputs.of(events);
  const cwd = bench.folder();
  const output = join(cwd, "rows.ndjson");
  return {
    name: peer.name,
    async run() {
      rmSync(output, { force: true });
      const sample = await measure(command(input.path, output), {
        cwd,
        ...(env === undefined ? {} : { env }),
      });
      const why = await problemOf(input.answer, output);
      if (why !== undefined) onWrong(why);
      return sample;
    },
  };
}

/** What is wrong with an answer, in a sentence; undefined: nothing. */
async function problemOf(answer: Answer, output: string): Promise<string | undefined> {
  const rows = await rowsIn(output);
  const problems = answer.problems(rows);
  if (problems.length === 0) return undefined;
  return `${problems.length} differences from ${answer.rows} rows, such as ${problems[0]}`;
}

interface Options {
  readonly help: boolean;
  readonly events: number;
  readonly rounds: number;
  readonly json: string | undefined;
  readonly docs: boolean;
  readonly chosen: readonly Peer[];
}

function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      events: { type: "string", default: String(EVENTS) },
      rounds: { type: "string", default: String(ROUNDS) },
      with: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
      docs: { type: "boolean", default: false },
    },
  });
  const named = [...positionals, ...values.with].map(peerOf);
  const usual = peers.filter((peer) => peer.optional === undefined);
  // Ours and the baseline are always there.
  const chosen = positionals.length === 0 ? [...usual, ...named] : [...peers.slice(0, 2), ...named];
  return {
    help: values.help,
    events: wholeNumber("--events", values.events),
    rounds: wholeNumber("--rounds", values.rounds),
    json: values.json,
    docs: values.docs,
    chosen,
  };
}

function peerOf(word: string): Peer {
  const wanted = word.toLowerCase();
  const peer = peers.find(({ name }) => name.toLowerCase().split(" ").includes(wanted));
  if (peer !== undefined) return peer;
  throw new Error(`Unknown peer "${word}": there are ${peers.map(({ name }) => name).join(", ")}`);
}

function help(): string {
  return [
    "Runs other programs over the same file: bun run bench:peers [PEER…] [OPTION…]",
    "",
    `Peers (${peers[0]!.name} and ${BASELINE} always run):`,
    ...peers.map(({ name, optional }) => {
      return `  ${name}${optional === undefined ? "" : `: only when named, since ${optional}`}`;
    }),
    "",
    "They are fetched from the public registries into $XDG_CACHE_HOME/aggregator-bench (or ~/.cache).",
    "",
    "Options:",
    `  --events N   events of the file, ${EVENTS.toLocaleString("en-US")} unless it says otherwise`,
    `  --rounds N   runs of each program, in turns; ${ROUNDS} unless it says otherwise`,
    "  --with PEER  also one that runs only when named",
    "  --json FILE  writes every sample there",
    "  --docs       writes the table and the chart of docs/benchmarks.md",
    "  --help       this text",
  ].join("\n");
}
