// The work up to one stage, with the parts of the service put together by hand: stage.ts STAGE INPUT OUTPUT. Each
// stage does what the one before does, and one thing more. Says what CPU time the loop took, without the start.
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { EventColumns } from "../../../src/core/columns.ts";
import { BATCH_EVENTS } from "../../../src/core/limits.ts";
import { LineCutter, type LineRegion } from "../../../src/core/lines.ts";
import { rowToJson } from "../../../src/core/result-json.ts";
import { epochMicros } from "../../../src/core/time.ts";
import { Decoder, inputOf } from "../../../src/decode/decoder.ts";
import { Engine } from "../../../src/engine/engine.ts";
import type { EngineRow } from "../../../src/engine/engine-row.ts";
import { eventRulesOf } from "../../../src/pipeline/event-check.ts";
import { rowOf } from "../../../src/pipeline/row-maker.ts";
import { scriptedSink } from "../../support/scripted-sink.ts";
import { scriptedSource } from "../../support/scripted-source.ts";
import { ruleOf, settingsOf } from "../../support/settings.ts";
import { STAGES } from "./stages.ts";

const [stage, input, output] = process.argv.slice(2);
const depth = STAGES.findIndex(({ name }) => name === stage);
if (depth < 0) throw new Error(`There is no stage "${stage}"`);
const reaches = (name: (typeof STAGES)[number]["name"]): boolean =>
  depth >= STAGES.findIndex((one) => one.name === name);

const settings = settingsOf({
  source: scriptedSource([]).settings,
  sinks: [scriptedSink("main").settings],
  rules: [ruleOf({ seriesMax: 1_000_000 })],
});
const decoder = new Decoder({ ...eventRulesOf(settings), seed: 7 });
const engine = new Engine({
  rules: settings.rules,
  names: decoder.names,
  functions: eventRulesOf(settings).functions,
  outOfOrderness: settings.time.outOfOrderness,
  idleTimeoutMs: Infinity,
  maxFuture: "off",
  dedupe: settings.dedupe,
  nowMs: 0,
});
const columns = new EventColumns(BATCH_EVENTS);
const arrival = { partition: "0", now: epochMicros(0), nowMs: 0 };
const decodes = reaches("decode");
const adds = reaches("engine");
const makesRows = reaches("rows");
const writes = reaches("write");
const cuts = reaches("cut");
let events = 0;
let rows = 0;

const source = openSync(input!, "r");
const target = openSync(output!, "w");
const before = process.cpuUsage();
const cutter = new LineCutter();
if (!cuts) {
  const room = cutter.room();
  while (readSync(source, room) > 0) events++;
} else {
  for (;;) {
    const length = readSync(source, cutter.room());
    const region = length === 0 ? cutter.finish() : cutter.take(length);
    if (region !== undefined && decodes) take(region);
    if (length === 0) break;
  }
  engine.finish();
  if (adds) give(engine.collect());
}
const { user, system } = process.cpuUsage(before);
closeSync(source);
closeSync(target);
console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6, events, rows }));

function take(region: LineRegion): void {
  const lines = inputOf(region.bytes, region.length);
  while (lines.at < lines.end) {
    const received = columns.received;
    const taker = adds ? engine.taker(arrival) : undefined;
    decoder.decode(lines, columns, BATCH_EVENTS, taker);
    events += columns.received - received;
    if (adds) engine.add(columns, arrival);
    const isFull = columns.received >= BATCH_EVENTS;
    columns.clear();
    if (!isFull) continue;
    columns.received = 0;
    if (adds) give(engine.collect());
  }
}

function give(fired: readonly EngineRow[]): void {
  rows += fired.length;
  if (!makesRows || fired.length === 0) return;
  const made = fired.map((row) => rowOf(settings.name, row));
  if (writes) writeSync(target, `${made.map(rowToJson).join("\n")}\n`);
}
