import { barChart } from "../harness/chart.ts";
import { medianOf, ratio, type Sample } from "../harness/contest.ts";
import type { Machine } from "../harness/machine.ts";
import { machineText } from "../harness/machine.ts";
import { type Column, numberText, type Table, tableMarkdown } from "../harness/table.ts";
import { BASELINE, peers } from "./list.ts";

export interface PeerResult {
  readonly name: string;
  readonly configuration: string;
  readonly version: string | undefined;
  /** Why it did not run, or what it got wrong. */
  readonly problem: string | undefined;
  readonly samples: readonly Sample[];
  /** One run over a smaller file. */
  readonly smaller: Sample | undefined;
}

export interface PeersReport {
  readonly date: string;
  readonly machine: Machine;
  readonly events: number;
  readonly rounds: number;
  readonly load: readonly [before: number, after: number];
  readonly peers: readonly PeerResult[];
}

/** Part of the events that a smaller file has: it tells what an event costs beyond the start-up. */
export const SMALLER_PART = 1 / 4;

const COLUMNS: readonly Column[] = [
  { key: "rate", head: "M events/s", digits: 2 },
  { key: "naive", head: "to naive", digits: 2 },
  { key: "ours", head: "ours to it", digits: 1 },
  { key: "marginal", head: "without start-up", digits: 2 },
  { key: "cpuSeconds", head: "CPU s", digits: 1 },
  { key: "peakMiB", head: "peak MiB", digits: 0 },
  { key: "answer", head: "answer", digits: 0 },
];

export function tableOf(report: PeersReport): Table {
  const { events, rounds } = report;
  const base = report.peers.find(({ name }) => name === BASELINE)!; // always runs
  const ours = report.peers.find(({ name }) => name === peers[0]!.name)!;
  return {
    title: `Peers: ${events.toLocaleString("en-US")} events from a file to rows, medians of ${rounds}`,
    columns: COLUMNS,
    rows: report.peers.map((peer) => {
      const { name, samples, smaller, problem } = peer;
      if (samples.length === 0) return { name, cells: { answer: "not run" } };
      const seconds = medianOf(samples.map((sample) => sample.seconds));
      const cells = {
        rate: events / seconds / 1e6,
        naive: ratio(peer, base),
        ours: ratio(ours, peer),
        marginal: marginalOf(events, { seconds, smaller }),
        cpuSeconds: medianOf(samples.map(({ cpuSeconds }) => cpuSeconds ?? 0)),
        peakMiB: memoryOf(samples),
        answer: problem === undefined ? "exact" : "wrong",
      };
      return { name, cells, samples };
    }),
  };
}

/** Million events a second beyond what the smaller file took; undefined where that is noise. */
function marginalOf(
  events: number,
  { seconds, smaller }: { readonly seconds: number; readonly smaller: Sample | undefined },
): number | undefined {
  const more = seconds - (smaller?.seconds ?? seconds);
  return more <= 0 ? undefined : (events * (1 - SMALLER_PART)) / more / 1e6;
}

function memoryOf(samples: readonly Sample[]): number | undefined {
  const peaks = samples.map(({ peakMiB }) => peakMiB).filter((peak) => peak !== undefined);
  return peaks.length === 0 ? undefined : medianOf(peaks);
}

/** What stands in the documentation. */
export function pageOf(report: PeersReport): string {
  const { date, machine, events, rounds, load } = report;
  const table = tableOf(report);
  const problems = report.peers.filter(({ problem }) => problem !== undefined);
  return [
    `${machineText(machine)} ${date.slice(0, 10)}, ${events.toLocaleString("en-US")} events, medians ` +
      `of ${rounds} rounds; load of the machine ${load[0]} before and ${load[1]} after.`,
    "",
    "![Million events a second, file to rows](benchmarks.svg)",
    "",
    tableMarkdown(table),
    "",
    "*Without start-up*: millions of events a second beyond what a quarter of the file took.",
    "",
    "| | Version | Configuration |",
    "|---|---|---|",
    ...report.peers.map(({ name, version, configuration }) => {
      return `| ${name} | ${version ?? "–"} | ${configuration} |`;
    }),
    "",
    ...problems.map(({ name, problem }) => `- ${name}: ${problem}`),
  ].join("\n");
}

export function chartOf(report: PeersReport): string {
  const { rows } = tableOf(report);
  const ran = rows.filter(({ cells }) => typeof cells["rate"] === "number");
  const bars = ran
    .map(({ name, cells }) => {
      const value = Number(cells["rate"]);
      const isWrong = cells["answer"] === "wrong";
      const kind = name === peers[0]!.name ? "ours" : isWrong ? "wrong" : "other";
      const text = `${numberText(value, 2)}${isWrong ? ", wrong answer" : ""}`;
      return { name, value, text, kind } as const;
    })
    .toSorted((a, b) => b.value - a.value);
  return barChart("Million events a second, from a file to rows", bars);
}
