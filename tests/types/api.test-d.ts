/** What the document says of an answer is what the code gives. The compiler reads this; nothing runs it. */

import type { InferOutput } from "valibot";
import type { ReplayOutcome } from "../../src/pipeline/control.ts";
import type {
  AlertReport,
  DeadLetterPage,
  Health,
  HistoryPage,
  LedgerReport,
  PipelineStatus,
  Readiness,
  ResultPage,
  SeriesPage,
  WindowPage,
} from "../../src/pipeline/view.ts";
import type { replayOutcome } from "../../src/status/api/action-answers.ts";
import type { alertsAnswer } from "../../src/status/api/alert-answers.ts";
import type {
  historyAnswer,
  resultsAnswer,
  seriesAnswer,
} from "../../src/status/api/result-answers.ts";
import type {
  deadLettersAnswer,
  healthAnswer,
  ledgerAnswer,
  notReadyAnswer,
  readyAnswer,
  statusAnswer,
  windowsAnswer,
} from "../../src/status/api/state-answers.ts";
import type { StatusAnswer } from "../../src/status/app.ts";

/** Whether each can stand for the other, but for what is read-only. */
type Same<One, Other> = [Plain<One>] extends [Plain<Other>]
  ? [Plain<Other>] extends [Plain<One>]
    ? SameKeys<One, Other>
    : false
  : false;

/** An optional field that one of them lacks would go unseen. */
type SameKeys<One, Other> = [keyof One] extends [keyof Other]
  ? [keyof Other] extends [keyof One]
    ? true
    : false
  : false;

type Plain<Value> = Value extends object
  ? { -readonly [Key in keyof Value]: Plain<Value[Key]> }
  : Value;

function holds<_Claim extends true>(): void {}

holds<Same<InferOutput<typeof healthAnswer>, Health>>();
holds<Same<InferOutput<typeof readyAnswer> | InferOutput<typeof notReadyAnswer>, Readiness>>();
holds<Same<InferOutput<typeof statusAnswer>, StatusAnswer>>();
holds<Same<InferOutput<typeof statusAnswer>["rules"][number], PipelineStatus["rules"][number]>>();
holds<Same<InferOutput<typeof statusAnswer>["sinks"][number], PipelineStatus["sinks"][number]>>();
holds<Same<InferOutput<typeof statusAnswer>["source"], PipelineStatus["source"]>>();
holds<Same<InferOutput<typeof ledgerAnswer>, LedgerReport>>();
holds<Same<InferOutput<typeof alertsAnswer>, AlertReport>>();
holds<Same<InferOutput<typeof alertsAnswer>["alerts"][number], AlertReport["alerts"][number]>>();
holds<Same<InferOutput<typeof windowsAnswer>, WindowPage>>();
holds<Same<InferOutput<typeof deadLettersAnswer>, DeadLetterPage>>();
holds<Same<InferOutput<typeof resultsAnswer>, ResultPage>>();
holds<Same<InferOutput<typeof resultsAnswer>["rows"][number], ResultPage["rows"][number]>>();
holds<Same<InferOutput<typeof historyAnswer>, HistoryPage>>();
holds<Same<InferOutput<typeof seriesAnswer>, SeriesPage>>();
holds<Same<InferOutput<typeof replayOutcome>, ReplayOutcome>>();

// @ts-expect-error: these are not the same.
holds<Same<InferOutput<typeof windowsAnswer>, DeadLetterPage>>();
