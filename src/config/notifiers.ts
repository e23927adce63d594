import * as v from "valibot";
import type { NotifierSettings } from "../core/alert-settings.ts";
import { type DurationMicros, millisOf } from "../core/time.ts";
import { duration } from "./duration.ts";
import type { Configurable } from "./env.ts";
import { hintFor, NO_VALUE, shown } from "./explain.ts";
import { headersSchema } from "./headers.ts";
import type { Named } from "./named.ts";
import { parseWithin } from "./within.ts";

const KINDS = ["alertmanager", "slack", "webhook"] as const;

type Kind = (typeof KINDS)[number];

const httpUrl = v.pipe(
  v.string(),
  v.check(
    (text) => ["http:", "https:"].includes(URL.parse(text)?.protocol ?? ""),
    "must be a URL such as https://example.org/hook",
  ),
);

const common = {
  headers: v.pipe(
    v.optional(headersSchema, {}),
    v.metadata({ type: "texts by their names", kind: "secret" }),
    v.description('Sent with every message: `{ authorization: env("TOKEN") }`. Never shown.'),
  ),
  timeout: v.pipe(
    v.optional(duration({ min: "100ms", max: "5m" }), "10s"),
    v.metadata({ type: "duration" }),
    v.description("How long one try may take."),
  ),
  groupWait: v.pipe(
    v.optional(duration({ min: "0us", max: "1h" }), "5s"),
    v.metadata({ type: "duration" }),
    v.description("What changes within this time goes into one message."),
  ),
};

const repeat = v.pipe(
  v.optional(duration({ min: "1m" })),
  v.metadata({ type: "duration" }),
  v.description("How often what still fires is said again; once when left out."),
);

/** Of Alertmanager, which has to hear of what fires again and again. */
export const alertmanagerSchema = v.strictObject({
  url: v.pipe(httpUrl, v.description("Of Alertmanager, with or without `/api/v2/alerts`.")),
  ...common,
  groupWait: v.pipe(
    v.optional(duration({ min: "0us", max: "1h" }), "1s"),
    v.metadata({ type: "duration" }),
    v.description("What changes within this time goes into one message. It groups by itself, too."),
  ),
  resendEvery: v.pipe(
    v.optional(duration({ min: "1s", max: "1h" }), "1m"),
    v.metadata({ type: "duration" }),
    v.description(
      "How often what fires is said again. What it does not hear of four times is over for it.",
    ),
  ),
});

/** Of an incoming webhook of Slack, or of what takes the same (Mattermost, say). */
export const slackSchema = v.strictObject({
  url: v.pipe(
    httpUrl,
    v.metadata({ kind: "secret" }),
    v.description("Of the incoming webhook: whoever knows it may post, so it is a secret."),
  ),
  ...common,
  repeatEvery: repeat,
});

/** Of anything that takes JSON. */
export const webhookSchema = v.strictObject({
  url: v.pipe(httpUrl, v.metadata({ kind: "secret" }), v.description("Gets a POST with JSON.")),
  ...common,
  repeatEvery: repeat,
});

/** The schemas of all, for the reference. */
export const notifierSchemas = {
  alertmanager: alertmanagerSchema,
  slack: slackSchema,
  webhook: webhookSchema,
} as const;

type AlertmanagerShape = v.InferInput<typeof alertmanagerSchema>;
type SlackShape = v.InferInput<typeof slackSchema>;
type WebhookShape = v.InferInput<typeof webhookSchema>;

/** One that is told of alerts, as {@link alertmanager}, {@link slack} and {@link webhook} make it. */
export interface NotifierInput {
  readonly kind: Kind;
}

/** Notifier: Prometheus Alertmanager, by its API (version 2). */
export function alertmanager(options: Configurable<AlertmanagerShape>): NotifierInput {
  return { ...options, kind: "alertmanager" };
}

/** Notifier: an incoming webhook of Slack, or of what takes the same messages. */
export function slack(options: Configurable<SlackShape>): NotifierInput {
  return { ...options, kind: "slack" };
}

/** Notifier: a POST of JSON to any URL. */
export function webhook(options: Configurable<WebhookShape>): NotifierInput {
  return { ...options, kind: "webhook" };
}

/** All but its name. */
export type NotifierOutput = Omit<NotifierSettings, "name">;

const WISH = `must be a notifier, one of ${KINDS.map((kind) => `${kind}()`).join(", ")}`;

export const notifierSchema: v.GenericSchema<NotifierInput, NotifierOutput> = v.pipe(
  // Any value goes on: one place says what is wrong with it.
  v.custom<NotifierInput>(() => true),
  v.rawTransform<NotifierInput, NotifierOutput>(({ dataset, addIssue, NEVER }) => {
    const input: unknown = dataset.value;
    if (typeof input !== "object" || input === null || !("kind" in input)) {
      addIssue({ message: WISH });
      return NEVER;
    }
    const { kind, ...options } = input;
    const known = KINDS.find((one) => one === kind);
    if (known === undefined) {
      addIssue({ message: `kind ${shown(kind)} ${WISH}${hintFor(kind, KINDS)}`, input: NO_VALUE });
      return NEVER;
    }
    const schema: v.GenericSchema<unknown, NotifierParts> = notifierSchemas[known];
    const parsed = parseWithin(schema, { input: options, path: [], addIssue });
    return parsed === undefined ? NEVER : outputOf(known, parsed.output);
  }),
);

interface NotifierParts {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout: DurationMicros;
  readonly groupWait: DurationMicros;
  readonly resendEvery?: DurationMicros;
  readonly repeatEvery?: DurationMicros | undefined;
}

function outputOf(kind: Kind, parts: NotifierParts): NotifierOutput {
  const { url, headers, timeout, groupWait, resendEvery, repeatEvery } = parts;
  const again = resendEvery ?? repeatEvery;
  return {
    kind,
    url,
    headers,
    timeoutMs: millisOf(timeout),
    groupWaitMs: millisOf(groupWait),
    repeatMs: again === undefined ? undefined : millisOf(again),
  };
}

/** With their names. */
export function notifiersOf(notifiers: readonly Named<NotifierOutput>[]): NotifierSettings[] {
  return notifiers.map(({ name, value }) => ({ name, ...value }));
}

/** Addresses that let anybody post, and what stands in headers: whether the rest is right or not. */
export function secretsOfNotifiers(notifiers: unknown): string[] {
  return Object.values(sectionOf(notifiers)).flatMap((notifier) => {
    const { kind, url } = sectionOf(notifier);
    const urls = kind === "alertmanager" || typeof url !== "string" ? [] : [url];
    return [...urls.filter(isLong), ...secretsInHeaders(notifier)];
  });
}

/** What stands in the headers that a part of the configuration has sent: any of them may be a key. */
export function secretsInHeaders(part: unknown): string[] {
  return Object.values(sectionOf(sectionOf(part)["headers"]))
    .filter((text) => typeof text === "string")
    .filter(isLong);
}

/** Hiding short texts would hide half of every line. */
function isLong(text: string): boolean {
  return text.length > 2;
}

/** What is no object has nothing in it: the check says so. */
function sectionOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}
