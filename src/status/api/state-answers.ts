import * as v from "valibot";
import { REFUSAL_REASONS } from "../../core/event.ts";
import { count, flag, moment, next, number, text } from "../../http/fields.ts";
import { alertView } from "./alert-answers.ts";

const reasons = (about: string) => v.pipe(v.array(v.string()), v.description(about));

export const healthAnswer = v.pipe(
  v.variant("status", [
    v.object({ status: v.literal("ok") }),
    v.object({ status: v.literal("degraded"), reasons: reasons("What troubles it.") }),
  ]),
  v.title("Health"),
);

export const readyAnswer = v.pipe(
  v.object({
    ready: v.literal(true),
    reasons: v.exactOptional(reasons("Why nothing is read although it is ready: it is paused.")),
  }),
  v.title("Ready"),
);

export const notReadyAnswer = v.pipe(
  v.object({ ready: v.literal(false), reasons: reasons("What it waits for.") }),
  v.title("NotReady"),
);

const counts = {
  received: count("Events received: the sum of the seven below."),
  aggregated: count("In some window."),
  filtered: count("Wanted by no rule."),
  duplicate: count("With an id that was there already."),
  late: count("After all their windows were closed. Each is a dead letter."),
  future: count("Too far ahead of the clock. Each is a dead letter."),
  invalid: count("No events. Each is a dead letter."),
  over_limit: count("Of a series too many. Each is a dead letter."),
  late_partial: count("Beside the balance: aggregated, but too late for some of their windows."),
  replayed: count("Beside the balance: received again from the dead letters."),
  gaps: count(
    "Beside the balance: events that a bus threw away before they were read; one where it does not say how many.",
  ),
  tombstones: count("Beside the balance: records without a value, which were passed over."),
  balanced: flag("Whether every event received is accounted for, exactly once."),
};

export const ledgerAnswer = v.pipe(
  v.object({
    ...counts,
    rules: v.pipe(
      v.record(v.string(), v.pipe(v.object(counts), v.title("RuleLedger"))),
      v.description("The same for each rule, by its name."),
    ),
  }),
  v.title("Ledger"),
);

const failures = {
  errors: count("Failed tries since the start."),
  last_error: v.exactOptional(text("What the last of them was.")),
  problem: v.exactOptional(text("What is wrong now, and when the next try is.")),
};

const sourceStatus = v.pipe(
  v.object({
    kind: text("Such as `kafka`."),
    description: text("Where it reads, without secrets."),
    connected: flag("Whether it can be read."),
    pending: v.pipe(v.nullable(count("")), v.description("Events behind the last read, if known.")),
    cursor: next("Where it goes on; null at the start."),
    last_event_age_seconds: v.pipe(
      v.nullable(v.number()),
      v.description("How long ago the last event came; null before the first."),
    ),
    ...failures,
  }),
  v.title("Source"),
);

const ruleStatus = v.pipe(
  v.object({
    name: text("As in the configuration."),
    series: count("Series that it holds."),
    windows_open: count("Windows that have not fired."),
    fired: count("Windows that have fired."),
    revisions: count("Windows that fired again for late events."),
    window: text("As in the configuration."),
    to: v.pipe(v.array(v.string()), v.description("Sinks that its rows go to.")),
    from: v.exactOptional(text("The rule whose windows it merges.")),
    notes: v.exactOptional(
      v.pipe(v.array(v.string()), v.description("What a person should know of it.")),
    ),
  }),
  v.title("Rule"),
);

const sinkStatus = v.pipe(
  v.object({
    name: text("As in the configuration."),
    kind: text("Such as `postgres`."),
    description: text("Where it writes, without secrets."),
    connected: flag("Whether it takes rows."),
    breaker: v.pipe(
      v.picklist(["closed", "open", "half-open"]),
      v.description("Open: it is not tried for a while. Half-open: it is tried once."),
    ),
    outbox: count("Rows that wait for it on disk."),
    outbox_bytes: count("Bytes of these rows."),
    outbox_bytes_max: count("With so many bytes reading stops until it took some."),
    outbox_age_seconds: number("How long the oldest row has waited, at least; 0: none waits."),
    written: count("Rows that it has, since the start."),
    ...failures,
  }),
  v.title("Sink"),
);

export const statusAnswer = v.pipe(
  v.object({
    name: text("Of the pipeline."),
    version: text("Of the program."),
    uptime_seconds: number("Since the start of the process."),
    state: v.pipe(
      v.picklist(["starting", "running", "paused", "draining", "reloading", "stopped", "failed"]),
      v.description("What it does now."),
    ),
    paused_since: v.exactOptional(moment("When an operator paused it. Absent: it is not paused.")),
    now: moment("The clock of the service."),
    source: sourceStatus,
    watermark: v.pipe(
      v.nullable(v.number()),
      v.description("No earlier event is expected. Unix seconds; null before the first event."),
    ),
    watermark_lag_seconds: v.pipe(
      v.nullable(v.number()),
      v.description("`now` minus `watermark`."),
    ),
    rules: v.array(ruleStatus),
    sinks: v.array(sinkStatus),
    ledger: ledgerAnswer,
    alerts: v.pipe(v.array(alertView), v.description("What is pending or fires, the worst first.")),
    dead_letters: count("Refused events and rows that are kept."),
    results: v.pipe(
      v.object({
        added: count("Rows that fired since the start."),
        series: count("Series of those that are still held in memory."),
      }),
      v.description("What `/results` has."),
    ),
    checkpoint_age_seconds: number("Since the last checkpoint."),
    actions: v.pipe(v.array(v.string()), v.description("What who asks may do; a viewer: nothing.")),
    access: v.pipe(
      v.variant("mode", [
        v.object({ mode: v.literal("open") }),
        v.object({
          mode: v.literal("token"),
          wrong_tokens: count("Wrong tokens that were shown, since the start."),
          sessions: count("Browsers that are signed in."),
        }),
      ]),
      v.description("Whether everybody on this machine is let in, or who shows a token."),
    ),
  }),
  v.title("Status"),
);

const windowStatus = v.pipe(
  v.object({
    rule: text("Its rule."),
    window_start: moment("The window is [start, end)."),
    window_end: moment("Exclusive."),
    series: count("Series in it."),
    count: count("Events in it."),
    fired: flag("Whether it has fired; it is held for late events then."),
  }),
  v.title("Window"),
);

export const windowsAnswer = v.pipe(
  v.object({
    windows: v.array(windowStatus),
    next: next("The `after` of the next page; null: this is the last one."),
  }),
  v.title("WindowPage"),
);

const deadLetter = v.pipe(
  v.object({
    seq: count("Its number: letters are counted up."),
    reason: v.pipe(v.picklist(REFUSAL_REASONS), v.description("Why it was refused.")),
    detail: text("The same in words, with the value and what is wanted."),
    event: text("The event as it came, cut when it is long."),
    at: text("Where it stood in the source."),
    received_at: moment("When it was refused."),
  }),
  v.title("DeadLetter"),
);

export const deadLettersAnswer = v.pipe(
  v.object({
    dead_letters: v.array(deadLetter),
    next: next("The `after` of the next page; null: this is the last one."),
  }),
  v.title("DeadLetterPage"),
);
