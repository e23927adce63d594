import type { RecordedPart } from "./harness/record.ts";
import { numberText } from "./harness/table.ts";

/** What we want to reach, and where the figure stands. */
interface Goal {
  readonly what: string;
  readonly floor: number;
  readonly goal: number;
  /** Whether a greater figure is better. */
  readonly better: "more" | "less";
  readonly unit: string;
  readonly digits: number;
  readonly at: Place;
}

interface Place {
  readonly part: string;
  /** The largest that was measured when left out. */
  readonly events?: number;
  /** Which table of the part; the first when left out. */
  readonly table?: number;
  readonly row: string;
  readonly column: string;
}

const FIVE = 5_000_000;
const TWENTY = 20_000_000;

const times = { better: "more", unit: "times", digits: 2 } as const;

function toNaive(what: string, floor: number, goal: number, at: Place): Goal {
  return { what, floor, goal, at, ...times };
}

function peer(row: string, events: number): Place {
  return { part: "peers", events, row, column: "ours" };
}

function adverse(row: string): Place {
  return { part: "adverse", row, column: "ratio" };
}

/** As the design set them, before there was anything to measure. */
export const GOALS: readonly Goal[] = [
  toNaive("file to rows, one thread, 5 M events, to naive Bun", 4.5, 5, {
    part: "replay",
    events: FIVE,
    row: "executable",
    column: "ratio",
  }),
  toNaive("the same, 20 M events", 5.5, 6, {
    part: "replay",
    events: TWENTY,
    row: "executable",
    column: "ratio",
  }),
  { what: "to native C, 20 M", floor: 0.7, goal: 0.8, at: peer("native C", TWENTY), ...times },
  {
    what: "to DuckDB with two threads, 20 M",
    floor: 1.7,
    goal: 2,
    at: peer("DuckDB", TWENTY),
    ...times,
  },
  { what: "to Flink SQL, 5 M", floor: 40, goal: 50, at: peer("Flink SQL", FIVE), ...times },
  { what: "to Telegraf, 5 M", floor: 18, goal: 20, at: peer("Telegraf", FIVE), ...times },
  { what: "to Bytewax, 5 M", floor: 120, goal: 150, at: peer("Bytewax", FIVE), ...times },
  toNaive("HTTP: POST of 1,000 events on one core, to a naive handler", 3.2, 4, {
    part: "http",
    row: "service",
    column: "ratio",
  }),
  {
    what: "HTTP: 99 of 100 requests answered within",
    floor: 5,
    goal: 5,
    better: "less",
    unit: "ms",
    digits: 1,
    at: { part: "http", row: "service", column: "p99Ms" },
  },
  {
    what: "Kafka as a source, to a client that only counts",
    floor: 0.8,
    goal: 0.9,
    at: { part: "kafka", row: "service", column: "ratio" },
    ...times,
  },
  {
    what: "run with durable state into Postgres, to the same without state",
    floor: 0.6,
    goal: 0.7,
    at: { part: "durable", row: "postgres", column: "ratio" },
    ...times,
  },
  toNaive("17 digits, to naive Bun", 1.3, 1.5, adverse("17 digits")),
  toNaive("shuffled fields", 2.5, 3, adverse("shuffled fields")),
  toNaive("spaces", 2.2, 2.5, adverse("spaces")),
  toNaive("200,000 series", 3, 3.5, adverse("200,000 series")),
  {
    what: "memory, 1,000 series",
    floor: 100,
    goal: 80,
    better: "less",
    unit: "MiB",
    digits: 0,
    at: { part: "series", row: "1,000 series", column: "peak" },
  },
  {
    what: "memory, 1,000,000 series",
    floor: 400,
    goal: 250,
    better: "less",
    unit: "bytes a series and window",
    digits: 0,
    at: { part: "series", row: "1,000,000 series", column: "bytes" },
  },
  {
    what: "from the command to ready",
    floor: 150,
    goal: 50,
    better: "less",
    unit: "ms",
    digits: 0,
    at: { part: "startup", row: "configuration file", column: "ms" },
  },
  {
    what: "idle with windows of 60 s",
    floor: 1,
    goal: 0.5,
    better: "less",
    unit: "% of a core",
    digits: 2,
    at: { part: "idle", row: "no events", column: "cpu" },
  },
];

/** The table of the goals with what was found beside them. */
export function goalsMarkdown(parts: readonly RecordedPart[]): string {
  return [
    "| What | Floor | Goal | Found | |",
    "|---|---:|---:|---:|---|",
    ...GOALS.map((one) => {
      const { what, floor, goal, unit, digits } = one;
      const found = figureAt(parts, one.at);
      const text = found === undefined ? "not measured" : `${numberText(found, digits)} ${unit}`;
      return `| ${what} | ${floor} | ${goal} | ${text} | ${verdict(one, found)} |`;
    }),
  ].join("\n");
}

export function figureAt(parts: readonly RecordedPart[], at: Place): number | undefined {
  const part = parts.findLast(({ name, events }) => {
    return name === at.part && (at.events === undefined || events === at.events);
  });
  const row = part?.tables[at.table ?? 0]?.rows.find(({ name }) => name === at.row);
  const cell = row?.cells[at.column];
  return typeof cell === "number" ? cell : undefined;
}

function verdict({ floor, goal, better }: Goal, found: number | undefined): string {
  if (found === undefined) return "";
  const reaches = (bound: number): boolean => (better === "more" ? found >= bound : found <= bound);
  if (reaches(goal)) return "goal reached";
  return reaches(floor) ? "above the floor" : "**below the floor**";
}
