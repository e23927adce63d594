import * as v from "valibot";
import { SEVERITIES } from "../../core/alert-settings.ts";
import { count, flag, mark, moment, number, text } from "../../http/fields.ts";

const labels = (about: string) => v.pipe(v.record(v.string(), v.string()), v.description(about));
const severity = v.pipe(v.picklist(SEVERITIES), v.description("How bad it is."));
const clock = v.pipe(
  v.picklist(["event", "processing"]),
  v.description("Whether its times are those of events, or of the clock of the service."),
);
const value = v.pipe(
  v.nullable(v.number()),
  v.description("The value that is out of order; null when there is none."),
);

export const alertView = v.pipe(
  v.object({
    name: text("As in the configuration."),
    state: v.pipe(
      v.picklist(["pending", "firing"]),
      v.description("Pending: it is out of order, but not for long enough yet."),
    ),
    severity,
    since: moment("When this state began."),
    clock,
    value,
    labels: labels("What tells it from others of its name: a series, a sink."),
    summary: text("A line for a person."),
    description: v.exactOptional(text("What it means, and what to do.")),
    silenced: flag("Whether nobody is told."),
    silenced_until: v.exactOptional(moment("Until then.")),
    flapping: mark("It fired too often lately: it is held until it was calm for a while."),
  }),
  v.title("Alert"),
);

const resolvedAlert = v.pipe(
  v.object({
    name: text("As in the configuration."),
    state: v.literal("resolved"),
    severity,
    clock,
    value,
    labels: labels("What tells it from others of its name."),
    summary: text("A line for a person, of when it fired."),
    since: moment("When it began to fire."),
    resolved_at: moment("When it ended."),
  }),
  v.title("ResolvedAlert"),
);

export const silenceAnswer = v.pipe(
  v.object({
    id: text("What names it."),
    name: text("Of an alert, or a glob."),
    labels: labels("Only alerts with all of these; empty: any."),
    since: moment("When it began."),
    until: moment("When it ends by itself."),
    comment: text("Why."),
  }),
  v.title("Silence"),
);

export const unsilenceAnswer = v.pipe(
  v.object({ removed: count("Silences that ended.") }),
  v.title("SilencesEnded"),
);

export const testAnswer = v.pipe(
  v.object({ told: text("The notifier that took it.") }),
  v.title("NotifierTested"),
);

const alertRule = v.pipe(
  v.object({
    name: text("As in the configuration."),
    when: text("What it looks at, in words."),
    for_seconds: number("How long it has to be so before it fires."),
    severity,
    notify: v.pipe(v.array(v.string()), v.description("Notifiers that are told.")),
    built_in: flag("Whether it comes with the program."),
    pending: count("Instances that are pending."),
    firing: count("Instances that fire."),
    left_out: count("Series that there was no room for, at the last look that had too many."),
  }),
  v.title("AlertRule"),
);

const notifier = v.pipe(
  v.object({
    name: text("As in the configuration."),
    kind: text("Such as `slack`."),
    sent: count("Alerts that it was told of, since the start."),
    errors: count("Tries that failed, since the start."),
    dropped: count("Alerts that it refused for good, or that there was no room for."),
    waiting: count("Alerts that it is still to be told of."),
    problem: v.exactOptional(text("Why it cannot be told now.")),
  }),
  v.title("Notifier"),
);

export const alertsAnswer = v.pipe(
  v.object({
    alerts: v.pipe(v.array(alertView), v.description("What is pending or fires, the worst first.")),
    resolved: v.pipe(v.array(resolvedAlert), v.description("What ended, the newest first.")),
    silences: v.array(silenceAnswer),
    rules: v.pipe(v.array(alertRule), v.description("Every alert as it is configured.")),
    notifiers: v.array(notifier),
  }),
  v.title("Alerts"),
);
