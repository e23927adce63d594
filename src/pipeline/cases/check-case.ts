import { runCase } from "./case-run.ts";
import { compare, type Difference, type Fields } from "./compare.ts";
import { LineNotes } from "./line-notes.ts";
import { seededRandom } from "./random.ts";
import { shuffled } from "./shuffle.ts";
import type { RunOutcome, TestCase } from "./test-case.ts";

/** What tells one row from another. */
export const ROW_IDENTITY = ["rule", "name", "labels", "agg_func", "window_start"] as const;
/** What tells one dead letter from another. */
export const LETTER_IDENTITY = ["at"] as const;

/** Seeds of the shuffled runs. */
const SEEDS = [1, 2, 3, 4, 5];

/** A shuffled run cuts its batches at random, up to so many lines. */
const SHUFFLED_BATCH_MAX = 64;

/** A sum of doubles hangs in its last digits on the order in which they come. */
const SHUFFLED_TOLERANCE = 1e-9;

const CRASH_EVERY = [1, 2, 3, 5];
/** Of a long input a run crashes after more events, so that it ends in time. */
const CRASHES_MAX = 500;

/** How a run differs from the straight one; of these none must be. */
export interface Disagreement {
  /** `batches of one line`. */
  readonly run: string;
  readonly rows: readonly Difference[];
  readonly deadLetters: readonly Difference[];
  /** Of the pipeline, under ``, and of rules. */
  readonly ledgers: readonly Difference[];
  /** Why it broke off. */
  readonly failure: string | undefined;
}

export interface CaseCheck {
  readonly straight: RunOutcome;
  /** Every run, also the straight one. */
  readonly runs: readonly string[];
  readonly disagreements: readonly Disagreement[];
  /** Why there is no shuffled run; undefined: there is. */
  readonly unshuffled: string | undefined;
}

/**
 * Runs a case straight, in batches of one line, shuffled, and crashed and restored after every so many
 * lines: all must agree.
 */
export function checkCase(testCase: TestCase): CaseCheck {
  const straight = runCase(testCase, { batchLines: () => Infinity });
  const runs = ["straight"];
  const disagreements: Disagreement[] = [];
  const check = (run: string, tolerance: number, outcome: () => RunOutcome): void => {
    runs.push(run);
    const disagreement = disagreementOf(run, { straight, tolerance, outcome });
    if (disagreement !== undefined) disagreements.push(disagreement);
  };
  const notes = new LineNotes(testCase);
  check("batches of one line", 0, () =>
    runCase(testCase, {
      batchLines: () => 1,
      onBatch: ({ engine }, { from }) => notes.add(from, engine),
    }),
  );
  const isOverLimit = [straight.ledger, ...straight.ruleLedgers.values()].some(
    ({ over_limit }) => over_limit > 0,
  );
  const orders = isOverLimit ? [] : ordersOf(testCase, notes);
  for (const { seed, order } of orders) {
    const random = seededRandom(seed);
    const batchLines = (): number => 1 + Math.floor(random() * SHUFFLED_BATCH_MAX);
    check(`shuffled (seed ${seed})`, SHUFFLED_TOLERANCE, () =>
      runCase(testCase, { order, batchLines }),
    );
  }
  for (const crashEvery of crashesOf(testCase.lines.length)) {
    check(`restored after every ${crashEvery === 1 ? "line" : `${crashEvery} lines`}`, 0, () =>
      runCase(testCase, { batchLines: () => 1, crashEvery }),
    );
  }
  return {
    straight,
    runs,
    disagreements,
    unshuffled: isOverLimit
      ? "which series are over maxSeries hangs on the order"
      : orders.length === 0
        ? "no other order keeps every event within outOfOrderness"
        : undefined,
  };
}

/** Orders that differ from that of the case, and from each other. */
function ordersOf(testCase: TestCase, notes: LineNotes): { seed: number; order: number[] }[] {
  const { settings, pauses } = testCase;
  const known = new Set([[...testCase.lines.keys()].join()]);
  const options = {
    outOfOrderness: settings.time.outOfOrderness,
    fences: pauses.map(({ after }) => after),
  };
  return SEEDS.flatMap((seed) => {
    const order = shuffled(notes.lines, { ...options, seed });
    if (known.has(order.join())) return [];
    known.add(order.join());
    return [{ seed, order }];
  });
}

function crashesOf(lines: number): number[] {
  const least = Math.ceil(lines / CRASHES_MAX);
  return [...new Set(CRASH_EVERY.map((every) => Math.max(every, least)))];
}

function disagreementOf(
  run: string,
  options: {
    readonly straight: RunOutcome;
    readonly tolerance: number;
    readonly outcome: () => RunOutcome;
  },
): Disagreement | undefined {
  const { straight, tolerance } = options;
  let outcome: RunOutcome;
  try {
    outcome = options.outcome();
  } catch (thrown) {
    const failure = thrown instanceof Error ? thrown.message : String(thrown);
    return { run, rows: [], deadLetters: [], ledgers: [], failure };
  }
  const rows = compare(fieldsOf(straight.rows), fieldsOf(outcome.rows), {
    identity: ROW_IDENTITY,
    // How often a row was corrected hangs on where batches end.
    ignored: ["revision"],
    isWhole: true,
    tolerance,
  });
  const deadLetters = compare(lettersOf(straight), lettersOf(outcome), {
    identity: LETTER_IDENTITY,
    isWhole: true,
  });
  const ledgers = compare(ledgersOf(straight), ledgersOf(outcome), {
    identity: ["ledger"],
    isWhole: true,
  });
  if (rows.length + deadLetters.length + ledgers.length === 0) return undefined;
  return { run, rows, deadLetters, ledgers, failure: undefined };
}

function fieldsOf(rows: RunOutcome["rows"]): Fields[] {
  return rows.map((row) => ({ ...row }));
}

function lettersOf({ refusals }: RunOutcome): Fields[] {
  return refusals.map(({ at, reason }) => ({ at, reason }));
}

function ledgersOf({ ledger, ruleLedgers }: RunOutcome): Fields[] {
  return [
    { ledger: "pipeline", ...ledger },
    ...[...ruleLedgers].map(([rule, counts]) => ({ ledger: `rule ${rule}`, ...counts })),
  ];
}
