import { join } from "node:path";
import type { StreamShape } from "../generate.ts";
import type { Bench, Part } from "../harness/bench.ts";
import { type Contestant, contest, type Standing, standingOf } from "../harness/contest.ts";
import { type Input, rowsIn } from "../harness/inputs.ts";
import { measure, runForJson } from "../harness/process.ts";
import type { Table, TableRow } from "../harness/table.ts";
import { naive, ROOT, replayOf } from "../parts/programs.ts";
import { sharesOf } from "./sampling.ts";
import { STAGES, type StageName } from "./stages.ts";

const FUNCTIONS_SHOWN = 25;
const SAMPLE_EVERY_US = 250;

/** The same lines, but for one thing that then costs next to nothing. */
const WITHOUT: Readonly<Record<string, StreamShape>> = {
  names: { naming: "one" },
  numbers: { digits: "one" },
};

/** By stage: what of it shows in the difference to these lines. */
const PARTS: Readonly<Record<string, readonly (readonly [part: string, meaning: string])[]>> = {
  decode: [
    ["names", "walking, hashing and finding 1,000 names, against one of one byte"],
    ["numbers", "values of two to six digits, against one"],
  ],
  engine: [["names", "1,000 series in memory, against one"]],
};

/** Where the time goes. */
export const profile: Part = {
  name: "profile",
  summary: "where the time goes, stage by stage and by function",
  async run(bench) {
    const input = bench.inputs.of(bench.events);
    const others = Object.entries(WITHOUT).map(([name, shape]) => {
      return { name, input: bench.inputs.of(bench.events, shape) };
    });
    const standings = await contest(
      [
        naive(bench, input),
        ...STAGES.map(({ name }) => stageOf(bench, { name, stage: name, input })),
        // The stages over other lines, each with the one before it.
        ...others.flatMap(({ name, input: other }) =>
          (["cut", "decode", "engine"] as const).map((stage) =>
            stageOf(bench, { name: `${stage} without ${name}`, stage, input: other }),
          ),
        ),
        replayOf(bench, { name: "replay", input }),
      ],
      bench,
    );
    return [stageTable(bench, standings), await samplingTable(bench, input)];
  },
};

function stageOf(
  bench: Bench,
  of: { readonly name: string; readonly stage: StageName; readonly input: Input },
): Contestant {
  const { name, stage, input } = of;
  const cwd = bench.folder();
  const output = join(cwd, "rows.ndjson");
  return {
    name,
    async run() {
      const script = join(import.meta.dir, "stage.ts");
      const command = [process.execPath, script, stage, input.path, output];
      const { cpuSeconds, events } = await runForJson<{ cpuSeconds: number; events: number }>(
        command,
        { cwd },
      );
      const decodes = stage !== "read" && stage !== "cut";
      if (decodes && events !== input.events) throw new Error(`${events} events were decoded`);
      if (stage === "write") input.answer.check(await rowsIn(output));
      return { seconds: cpuSeconds, cpuSeconds };
    },
  };
}

function stageTable({ events }: Bench, standings: readonly Standing[]): Table {
  // The least of the rounds: whatever disturbs only adds.
  const ns = (name: string): number => {
    const { samples } = standingOf(standings, name);
    return (Math.min(...samples.map(({ cpuSeconds }) => cpuSeconds!)) / events) * 1e9; // measured
  };
  const whole = ns("replay");
  const row = (name: string, own: number, about: string): TableRow => {
    return { name, cells: { ns: own, part: (own / whole) * 100, about } };
  };
  const rows = STAGES.flatMap(({ name, about }, i) => {
    const before = STAGES[i - 1]?.name;
    const own = (suffix = ""): number =>
      ns(`${name}${suffix}`) - (before === undefined ? 0 : ns(`${before}${suffix}`));
    const parts = (PARTS[name] ?? []).map(([part, meaning]) => {
      return row(`  of it ${part}`, own() - own(` without ${part}`), meaning);
    });
    return [row(name, own(), about), ...parts];
  });
  return {
    title: "Where the time goes: CPU nanoseconds an event",
    remarks: [
      "Each stage is the difference to a run that stops before it, in a process of its own, least of the",
      "rounds, without start-up. Small differences are noise. What is part of a stage is the difference to",
      "the same stage over lines without it. The last two rows are whole processes.",
    ],
    columns: [
      { key: "ns", head: "ns", digits: 1 },
      { key: "part", head: "% of replay", digits: 0 },
      { key: "about", head: "what", digits: 0 },
    ],
    rows: [
      ...rows,
      row("the rest", whole - ns("write"), "start-up, compiling, the loop around the stages"),
      row("replay", whole, "the executable, whole process"),
      row("naive", ns("naive"), "the naive program, whole process"),
    ],
  };
}

async function samplingTable(bench: Bench, input: Input): Promise<Table> {
  bench.say("sampling");
  const cwd = bench.folder();
  const name = "replay.cpuprofile";
  const sampling = ["--cpu-prof", "--cpu-prof-name", name, "--cpu-prof-dir", cwd];
  const every = ["--cpu-prof-interval", String(SAMPLE_EVERY_US)];
  const replay = ["replay", "--input", input.path, "--output", join(cwd, "rows.ndjson")];
  const main = join(ROOT, "src/main.ts");
  const command = [process.execPath, ...sampling, ...every, main, ...replay];
  const { cpuSeconds } = await measure(command, { cwd });
  const ns = (cpuSeconds! / bench.events) * 1e9; // measured
  return {
    title: "The same by function: self time",
    remarks: [
      `One run from source, sampled every ${SAMPLE_EVERY_US} µs, start-up included: shares of`,
      "the samples, and of the CPU time. What was inlined counts for the function that it went into.",
    ],
    columns: [
      { key: "part", head: "% of samples", digits: 1 },
      { key: "ns", head: "ns an event", digits: 1 },
    ],
    rows: sharesOf(join(cwd, name), FUNCTIONS_SHOWN).map(({ place, part }) => {
      return { name: place, cells: { part: part * 100, ns: part * ns } };
    }),
  };
}
