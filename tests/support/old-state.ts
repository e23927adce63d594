import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TransientError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { durationMicros } from "../../src/core/time.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import { embedded } from "../../src/sources/embedded.ts";
import { openJournal } from "../../src/state/journal.ts";
import { State } from "../../src/state/state.ts";
import { STATE_VERSION } from "../../src/state/state-file.ts";
import * as inSeconds from "./engine-input.ts";
import { scriptedSink } from "./scripted-sink.ts";
import { ruleOf, settingsOf } from "./settings.ts";
import { VirtualClock } from "./virtual-clock.ts";

/**
 * The states that older versions left behind: `bun tests/support/old-state.ts` makes one of today's format,
 * once for each version of it; those that are there are never made anew.
 */
export const FIXTURES = join(import.meta.dir, "../state/fixtures");

/** A whole minute. */
export const T = 1_699_999_980;

const EVENTS = [
  { name: "cpu", value: 1.5, timestamp: T },
  { name: "cpu", value: 2, timestamp: T + 30, labels: { site: "Größe" } },
  { name: "cpu", value: 4, timestamp: T + 30, agg_func: "max" },
  { name: "cpu", value: 8, timestamp: T + 70, id: "one" },
  // Too late: the first minute has fired.
  { name: "cpu", value: 16, timestamp: T },
  // Behind the cursor of the state: only the journal has them.
  { name: "cpu", value: 32, timestamp: T + 80 },
  { name: "cpu", value: 8, timestamp: T + 70, id: "one" },
  { name: "disk", value: 64, timestamp: T + 119 },
];

const to = ["main"];

/** The rules of each version: what it was the first to store, too. */
const RULES: Readonly<Record<string, readonly RuleSettings[]>> = {
  v1: [ruleOf()],
  v2: [
    ruleOf(),
    {
      ...inSeconds.ruleOf({ name: "visits", window: inSeconds.session(60), named: ["median"] }),
      allowedLateness: durationMicros(0),
      to,
    },
    {
      ...inSeconds.ruleOf({
        name: "hopping",
        window: inSeconds.hopping(60, 20),
        named: ["sum", "median"],
        groupBy: { name: true, labels: ["site"] },
        fill: { with: "previous", for: 60 },
      }),
      to,
    },
  ],
};

/** So many are in the state; the sink has none of their rows. */
const KNOWN = 5;

/** A running pipeline over the state and the journal in a folder. @param version Whose rules it has. */
export async function openOld(
  folder: string,
  { version, isSinkAway }: { version: string; isSinkAway: boolean },
) {
  const clock = new VirtualClock(T + 3600);
  mkdirSync(folder, { recursive: true });
  const log = await openJournal({
    folder: join(folder, "bus/events"),
    clock,
    logger: silentLogger,
    bytesMax: 1e6,
    retentionMs: 86_400_000,
    reader: "in-process",
  });
  const state = State.open({
    dir: folder,
    pipeline: "old",
    share: "0/1",
    sinks: ["main"],
    now: T + 3600,
  });
  const away = Array.from({ length: 100 }, () => ({ before: new TransientError("away") }));
  const sink = scriptedSink("main", isSinkAway ? away : []);
  const settings = settingsOf({
    name: "old",
    source: { definition: embedded, options: {} },
    sinks: [sink.settings],
    rules: RULES[version]!,
  });
  const pipeline = new Pipeline(settings, {
    clock,
    logger: silentLogger,
    state,
    log,
    random: () => 0.5,
  });
  const stop = new AbortController();
  const ended = pipeline.run(stop.signal);
  return {
    clock,
    log,
    state,
    pipeline,
    rows: sink.rows as ReadonlyMap<string, ResultRow>,
    async close() {
      stop.abort();
      // A sink that is away is waited for at most so long.
      while ((await Promise.race([ended, Bun.sleep(1).then(() => "still")])) === "still") {
        await clock.advance(60_000);
      }
      state.close();
      await log.close();
    },
  };
}

async function make(version: string): Promise<void> {
  const folder = join(FIXTURES, version);
  rmSync(folder, { recursive: true, force: true });
  const old = await openOld(folder, { version, isSinkAway: true });
  const append = async (events: readonly object[]): Promise<void> => {
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
    await old.log.append(new TextEncoder().encode(lines), events.length);
  };
  await append(EVENTS.slice(0, KNOWN));
  while (old.state.cursor !== String(KNOWN)) {
    await old.clock.advance(10);
    await Bun.sleep(1);
  }
  await old.close();
  // As if they had come in the moment before it was killed.
  const again = await openJournal({
    folder: join(folder, "bus/events"),
    clock: old.clock,
    logger: silentLogger,
    bytesMax: 1e6,
    retentionMs: 86_400_000,
    reader: "in-process",
  });
  const lines = EVENTS.slice(KNOWN).map((event) => `${JSON.stringify(event)}\n`);
  await again.append(new TextEncoder().encode(lines.join("")), lines.length);
  await again.close();
  for (const name of ["lock", "owner", "bus/events/lock", "bus/events/owner"]) {
    rmSync(join(folder, name), { force: true });
  }
}

if (import.meta.main) await make(`v${STATE_VERSION}`);
