// `bun run soak [--minutes 30]`: the service at half of its full load, from its own bus into SQLite. Memory and
// handles must not grow, the lag must stay bounded, and every event must be in a row at the end.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { runCommand } from "../harness/arguments.ts";
import { type Bench, withBench } from "../harness/bench.ts";
import { load, machine, machineText } from "../harness/machine.ts";
import { handlesOf } from "../harness/process.ts";
import { writeReport } from "../harness/report.ts";
import {
  configure,
  type RunningProgram,
  startProgram,
  statusOf,
  within,
} from "../harness/service.ts";
import { type Finding, judge, type Look } from "./judge.ts";
import { Producer } from "./producer.ts";

const MINUTES = 30;
const SERIES = 1_000;
/** How long it is measured what the full load is, after so long of warming up. */
const WARM_UP_MS = 10_000;
const FULL_LOAD_MS = 15_000;
const LOOK_EVERY_MS = 1_000;
/** After the last event: the idle timeout, a window, and some patience. */
const LAST_ROWS_MS_MAX = 60_000;
const OUT_OF_ORDERNESS_SECONDS = 5;

const CONFIG = `import { defineConfig, eventFunction, sqlite, tumbling } from "aggregator";
export default defineConfig({
  rules: { per_ten_seconds: { window: tumbling("10s"), aggregate: eventFunction() } },
  sinks: { db: sqlite({ path: "rows.sqlite" }) },
  time: { outOfOrderness: "${OUT_OF_ORDERNESS_SECONDS}s", idleTimeout: "5s" },
  status: { port: 0 },
});
`;

async function run(options: Options): Promise<number> {
  return await withBench({ events: 1, rounds: 1 }, (bench) => soak(bench, options));
}

async function soak(bench: Bench, { minutes, json }: Options): Promise<number> {
  const cwd = bench.folder();
  configure(cwd, CONFIG);
  const loadBefore = load();
  const service = await startProgram([bench.executable, "run"], { cwd });
  try {
    const producer = new Producer(`${service.url}/vabus/events`, { series: SERIES });
    const full = await fullLoad(bench, service, producer);
    const rate = full / 2;
    await within(LAST_ROWS_MS_MAX, async () => ((await isIdle(service)) ? true : undefined));
    const refusedBefore = producer.refused;
    const looks = await watch(bench, service, {
      work: producer.send(rate, minutes * 60_000),
      minutes,
    });
    const refused = producer.refused - refusedBefore;
    const findings = [
      ...judge(looks, { rate, lagSeconds: OUT_OF_ORDERNESS_SECONDS }),
      {
        what: "bus",
        found: `asked for patience ${refused} times`,
        wanted: "never at half load",
        holds: refused === 0,
      },
      ...(await account(bench, service, { sent: producer.accepted, db: join(cwd, "rows.sqlite") })),
    ];
    const report = { date: new Date().toISOString(), machine: machine(), minutes, full, rate };
    const loads = [loadBefore, load()];
    if (json !== undefined) writeReport(json, { ...report, load: loads, findings, looks });
    bench.say("");
    say({ minutes, full, rate, looks, findings });
    console.log(`${machineText(report.machine)} Load before and after: ${loads.join(" and ")}`);
    return findings.every(({ holds }) => holds) ? 0 : 1;
  } finally {
    await service.stop();
  }
}

/** Events a second that are sent, read and aggregated when nothing holds the sender back but the answers. */
async function fullLoad(
  bench: Bench,
  service: RunningProgram,
  producer: Producer,
): Promise<number> {
  bench.say("warming up at full load");
  await producer.sendAll(WARM_UP_MS);
  bench.say("measuring the full load");
  const before = (await statusOf(service)).ledger.aggregated;
  const start = performance.now();
  await producer.sendAll(FULL_LOAD_MS);
  const { ledger } = await statusOf(service);
  return (ledger.aggregated - before) / ((performance.now() - start) / 1000);
}

async function isIdle(service: RunningProgram): Promise<boolean> {
  const { source, ledger } = await statusOf(service);
  return source.pending === 0 && ledger.balanced;
}

/** Looks at the service until `work` is done. */
async function watch(
  bench: Bench,
  service: RunningProgram,
  { work, minutes }: { readonly work: Promise<void>; readonly minutes: number },
): Promise<Look[]> {
  const looks: Look[] = [];
  const start = performance.now();
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  done.catch(() => {}); // it is awaited below
  while (!isDone) {
    const look = await lookAt(service, (performance.now() - start) / 1000);
    looks.push(look);
    const lag = look.watermarkLagSeconds?.toFixed(1) ?? "?";
    bench.say(
      `${(look.seconds / 60).toFixed(1)} of ${minutes} min: ${look.memoryMiB.toFixed(0)} MiB, ` +
        `${look.handles} handles, ${look.pending ?? "?"} waiting, ${lag} s behind`,
    );
    await Promise.race([done, Bun.sleep(LOOK_EVERY_MS)]);
  }
  await done;
  return looks;
}

async function lookAt(service: RunningProgram, seconds: number): Promise<Look> {
  const { source, watermark_lag_seconds, sinks } = await statusOf(service);
  const { nowMiB, cpuSeconds } = service.usage();
  return {
    seconds,
    memoryMiB: nowMiB,
    handles: handlesOf(service.pid),
    pending: source.pending,
    watermarkLagSeconds: watermark_lag_seconds,
    outbox: sinks[0]?.outbox ?? 0,
    cpuSeconds,
  };
}

/** Every event that was accepted must be in the ledger and, when the windows are over, in a row. */
async function account(
  bench: Bench,
  service: RunningProgram,
  { sent, db }: { readonly sent: number; readonly db: string },
): Promise<Finding[]> {
  bench.say("waiting for the last rows");
  const inRows = await within(
    LAST_ROWS_MS_MAX,
    () => {
      const events = eventsIn(db);
      return events >= sent ? events : undefined;
    },
    500,
  );
  const { ledger } = await statusOf(service);
  return [
    {
      what: "ledger",
      found: `${ledger.received} received, ${ledger.aggregated} aggregated, ${ledger.late} late`,
      wanted: `${sent} received and aggregated`,
      holds: ledger.balanced && ledger.received === sent && ledger.aggregated === sent,
    },
    {
      what: "rows",
      found: `${inRows ?? eventsIn(db)} events in them`,
      wanted: `${sent}`,
      holds: inRows === sent,
    },
  ];
}

function eventsIn(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const row = db
      .prepare("select sum(count) as events, sum(value) as total from aggregates")
      .get();
    const { events, total } = row as { events: number | null; total: number | null };
    // Each event has the value 1, so that a wrong sum shows as a wrong count does.
    return events === total ? (events ?? 0) : Number.NaN;
  } finally {
    db.close();
  }
}

function say(of: {
  readonly minutes: number;
  readonly full: number;
  readonly rate: number;
  readonly looks: readonly Look[];
  readonly findings: readonly Finding[];
}): void {
  const { minutes, full, rate, looks, findings } = of;
  const number = (n: number): string => Math.round(n).toLocaleString("en-US");
  const [first, last] = [looks[0]!, looks.at(-1)!]; // it looked at least once
  const cores = (last.cpuSeconds - first.cpuSeconds) / (last.seconds - first.seconds);
  console.log(
    `Soak: ${minutes} minutes at ${number(rate)} events a second, half of ${number(full)}`,
  );
  console.log(`${SERIES.toLocaleString("en-US")} series; ${(cores * 100).toFixed(0)} % of a core`);
  for (const { what, found, wanted, holds } of findings) {
    console.log(`${holds ? "ok    " : "FAILED"} ${what.padEnd(17)} ${found} (wanted: ${wanted})`);
  }
}

interface Options {
  readonly help: boolean;
  readonly minutes: number;
  readonly json: string | undefined;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      minutes: { type: "string", default: String(MINUTES) },
      json: { type: "string" },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes >= 0.5)) {
    throw new Error(`Cannot take --minutes "${values.minutes}": must be a number of at least 0.5`);
  }
  return { help: values.help, minutes, json: values.json };
}

const HELP = [
  "Runs the service at half of its full load, from its own bus into SQLite: bun run soak [OPTION…]",
  "",
  `  --minutes N  how long; ${MINUTES} unless it says otherwise`,
  "  --json FILE  writes every look there, one a second",
  "  --help       this text",
  "",
  "Exit codes: 0, 1 (memory or handles grow, the lag is not bounded, or an event is missing), 2 (usage).",
].join("\n");

process.exitCode = await runCommand({ line: "bun run soak", help: HELP, optionsOf, run });
