import type { Refusal } from "../../src/core/event.ts";
import { isBalanced, type LedgerCounts } from "../../src/core/ledger.ts";
import { REFUSALS_PENDING_MAX } from "../../src/core/limits.ts";
import { rowFromJson } from "../../src/core/result-json.ts";
import type { Pipeline } from "../../src/pipeline/pipeline.ts";
import type { DeadLetter } from "../../src/state/dead-letters.ts";
import type { Checkpoint, State } from "../../src/state/state.ts";
import { expectedRows, textsOf } from "./expected.ts";
import type { SimStore } from "./sim-sink.ts";
import { positionsOf } from "./sim-source.ts";
import { totalOf, type World } from "./world.ts";

/** What a checkpoint keeps, as far as the pipeline says. */
export interface Account {
  readonly cursor: string | undefined;
  readonly ledger: LedgerCounts;
  readonly watermark: number;
  /** Letters that came back, by what the ledger counts them as: they are none any more. */
  readonly taken: LetterCounts;
}

type LetterCounts = Pick<LedgerCounts, "late" | "future" | "over_limit" | "invalid">;

export const NO_LETTERS: LetterCounts = { late: 0, future: 0, over_limit: 0, invalid: 0 };

export function accountOf(pipeline: Pipeline, taken: LetterCounts): Account {
  const { engine } = pipeline.processor;
  const { cursor } = pipeline;
  return { cursor, ledger: { ...engine.ledger }, watermark: engine.watermark, taken };
}

/** What is taken once a checkpoint is made. */
export function takenBy(
  world: World,
  parts: { state: State; before: LetterCounts; checkpoint: Checkpoint },
): LetterCounts {
  const seqs = new Set(parts.checkpoint.taken);
  if (seqs.size === 0) return parts.before;
  const letters = lettersOf(parts.state).filter(({ seq }) => seqs.has(seq));
  world.expect(letters.length === parts.checkpoint.taken?.length, () => {
    return `letters ${[...seqs].join()} are taken back, but not all of them are there`;
  });
  const now = countsOf(letters);
  const { before } = parts;
  return {
    late: before.late + now.late,
    future: before.future + now.future,
    over_limit: before.over_limit + now.over_limit,
    invalid: before.invalid + now.invalid,
  };
}

/** What must be so whenever the state moves on. */
export function checkCheckpoint(
  world: World,
  { pipeline, before, checkpoint }: { pipeline: Pipeline; before: Account; checkpoint: Checkpoint },
): void {
  const { engine } = pipeline.processor;
  const { cursor, ledger, watermark } = accountOf(pipeline, before.taken);
  world.expect(isBalanced(ledger), () => `the ledger does not balance: ${JSON.stringify(ledger)}`);
  const read = totalOf(positionsOf(cursor));
  const received = ledger.received - ledger.replayed;
  world.expect(received === read, () => {
    return `${read} records lie before the cursor, but ${received} were received`;
  });
  world.expect(watermark >= before.watermark, () => {
    return `the watermark fell from ${before.watermark} to ${watermark}`;
  });
  for (const { name, ledger: account, seriesCount } of engine.rules) {
    world.expect(isBalanced(account), () => `the ledger of rule ${name} does not balance`);
    const { seriesMax } = world.plan.rules.find((rule) => rule.name === name)!;
    world.expect(seriesCount <= seriesMax, () => `rule ${name} holds ${seriesCount} series`);
  }
  const { outbox } = pipeline.store;
  for (const [sink, rows] of checkpoint.rows) {
    // What came back may have filled it since there was room for a read: by one page at most.
    if (world.hasReplays) continue;
    if (rows.length === 0 || checkpoint.isLast === true || pipeline.state !== "running") continue;
    world.expect(outbox.bytes(sink) < world.plan.outboxBytesMax, () => {
      return `rows were added to ${outbox.bytes(sink)} bytes that wait for sink ${sink}`;
    });
  }
  const pending = checkpoint.refusals.length;
  world.expect(pending < REFUSALS_PENDING_MAX + world.plan.batchMax, () => {
    return `${pending} refusals waited in memory`;
  });
}

/** A new life has to begin where one of these checkpoints was; returns which. */
export function checkRestored(
  world: World,
  { pipeline, candidates }: { pipeline: Pipeline; candidates: readonly Account[] },
): Account {
  const same = candidates.find((one) => {
    return JSON.stringify(one) === JSON.stringify(accountOf(pipeline, one.taken));
  });
  const found = same ?? accountOf(pipeline, NO_LETTERS);
  world.expect(same !== undefined, () => {
    const wanted = candidates.map((one) => JSON.stringify(one)).join(" or ");
    return `restored ${JSON.stringify(found)} instead of ${wanted}`;
  });
  checkLetters(world, { state: pipeline.store, account: found });
  return found;
}

/** What must be so once everything has healed. */
export function checkEnd(
  world: World,
  {
    pipeline,
    stores,
    account,
  }: { pipeline: Pipeline; stores: readonly SimStore[]; account: Account },
): void {
  const { engine } = pipeline.processor;
  const { ledger } = engine;
  const { plan, log } = world;
  const received = ledger.received - ledger.replayed;
  world.expect(received === log.size, () => {
    return `${received} of ${log.size} records were received in the end`;
  });
  if (plan.regime === "tidy") {
    const refused = ledger.late + ledger.future + ledger.over_limit + ledger.late_partial;
    world.expect(refused === 0, () => `a tidy run refused: ${JSON.stringify(ledger)}`);
  }
  checkLetters(world, { state: pipeline.store, account: { ...account, ledger } });
  checkRefusedRows(world, { state: pipeline.store, stores });
  for (const store of stores) {
    const rules = plan.rules.filter(({ to }) => to.includes(store.plan.name));
    if (plan.regime === "tidy") checkRows(world, store);
    for (const rule of rules) {
      if (store.plan.refuses.length > 0) continue;
      const { aggregated } = engine.rules.find(({ name }) => name === rule.name)!.ledger;
      const each = rule.aggregate.kind === "event" ? 1 : rule.aggregate.functions.length;
      const rows = [...store.rows.values()].filter((row) => row.rule === rule.name);
      const counted = rows.reduce((sum, { count }) => sum + count, 0);
      world.expect(counted === aggregated * each, () => {
        return `sink ${store.plan.name}, rule ${rule.name}: rows of ${counted} events, not ${aggregated * each}`;
      });
    }
  }
}

function checkRows(world: World, store: SimStore): void {
  const { name: sink, refuses } = store.plan;
  const rules = world.plan.rules.filter(({ to }) => to.includes(sink));
  const expected = expectedRows(world.log, rules).filter(({ name }) => !refuses.includes(name));
  const wanted = new Set(textsOf(expected));
  const got = new Set(textsOf(store.rows.values()));
  const missing = [...wanted.difference(got)];
  const extra = [...got.difference(wanted)];
  world.expect(missing.length + extra.length === 0, () => {
    return `sink ${sink} lacks ${missing.slice(0, 3).join(" ")} and has ${extra.slice(0, 3).join(" ")}`;
  });
}

/** Each refused event is exactly one dead letter, until it comes back. */
function checkLetters(world: World, parts: { state: State; account: Account }): void {
  const { ledger, taken } = parts.account;
  const wanted: LetterCounts = {
    late: ledger.late - taken.late,
    future: ledger.future - taken.future,
    over_limit: ledger.over_limit - taken.over_limit,
    invalid: ledger.invalid - taken.invalid,
  };
  const counts = countsOf(lettersOf(parts.state));
  world.expect(JSON.stringify(counts) === JSON.stringify(wanted), () => {
    return `dead letters ${JSON.stringify(counts)}, but the ledger says ${JSON.stringify(wanted)}`;
  });
}

function countsOf(letters: readonly DeadLetter[]): LetterCounts {
  const counts = { ...NO_LETTERS };
  for (const { reason } of letters) {
    if (reason === "refused") continue;
    const kind = reason === "late" || reason === "future" || reason === "over_limit";
    counts[kind ? reason : "invalid"]++;
  }
  return counts;
}

/** Each refused row is exactly one dead letter. */
function checkRefusedRows(
  world: World,
  { state, stores }: { state: State; stores: readonly SimStore[] },
): void {
  const letters = lettersOf(state);
  for (const { plan, refused } of stores) {
    const found = letters.filter(({ at }) => at === `sink ${plan.name}`).map(keyOf);
    const isSame = found.toSorted().join() === [...refused].toSorted().join();
    world.expect(isSame, () => {
      return `sink ${plan.name} refused ${[...refused].join()}, the dead letters are ${found.join()}`;
    });
  }
}

function lettersOf(state: State): DeadLetter[] {
  return state.deadLetters.list({ after: 0, limit: 1_000_000 });
}

function keyOf({ event }: Refusal): string {
  const { id, revision } = rowFromJson(event);
  return `${id} ${revision}`;
}
