import { resolve as resolvePath } from "node:path";
import { Cron } from "croner";
import * as v from "valibot";
import type { BackupSettings } from "../core/settings.ts";
import { millisOf, parseDuration } from "../core/time.ts";
import type { Environment } from "./expand-env.ts";

const EVERY_MS_MIN = 60_000;

const BACKUPS_DEFAULT = 24;
const BACKUPS_MAX = 100_000;

const s3Schema = v.strictObject({
  endpoint: v.pipe(
    v.optional(v.pipe(v.string(), v.url())),
    v.description("Of another server than that of Amazon. `AWS_ENDPOINT_URL` when left out."),
  ),
  region: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.description("`AWS_REGION` when left out, else `us-east-1`."),
  ),
  accessKeyId: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.description("`AWS_ACCESS_KEY_ID` when left out."),
  ),
  secretAccessKey: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.metadata({ kind: "secret" }),
    v.description("`AWS_SECRET_ACCESS_KEY` when left out."),
  ),
  sessionToken: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.metadata({ kind: "secret" }),
    v.description("`AWS_SESSION_TOKEN` when left out."),
  ),
});

export const backupSchema = v.strictObject({
  every: v.pipe(
    v.optional(
      v.pipe(
        v.string(),
        v.check(
          (text) => scheduleOf(text) !== undefined,
          'must be a duration of at least "1m", or a cron text such as "0 3 * * *" (UTC)',
        ),
      ),
    ),
    v.metadata({ type: "duration or cron text (UTC)" }),
    v.description("How often `run` makes a backup; by command alone when left out."),
  ),
  keep: v.pipe(
    v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(BACKUPS_MAX)),
      BACKUPS_DEFAULT,
    ),
    v.description("Backups kept by `run`; beyond it the oldest go."),
  ),
  to: v.pipe(
    v.optional(
      v.pipe(v.string(), v.check(isPlace, "must be a folder, or s3://bucket/prefix")),
      "./backups",
    ),
    v.metadata({ type: "folder or `s3://bucket/prefix`" }),
    v.description("Where backups go; another disk than that of the state."),
  ),
  s3: v.pipe(
    v.optional(s3Schema, {}),
    v.description(
      "How the bucket is reached: `endpoint`, `region`, `accessKeyId`, `secretAccessKey`, `sessionToken`.",
    ),
  ),
});

function isPlace(text: string): boolean {
  return text.startsWith("s3:") ? /^s3:\/\/[^/?#]+(?:\/[^?#]*)?$/.test(text) : text !== "";
}

/** What `every` says; undefined: it says nothing. */
function scheduleOf(text: string): BackupSettings["schedule"] {
  const every = parseDuration(text);
  if (every !== undefined) {
    const everyMs = millisOf(every);
    return everyMs < EVERY_MS_MIN ? undefined : { kind: "every", everyMs };
  }
  try {
    return new Cron(text, { paused: true, timezone: "UTC" }).nextRun() === null
      ? undefined
      : { kind: "cron", text };
  } catch {
    return undefined;
  }
}

/** The settings of backups: from the configuration, and for the bucket from the environment. */
export function backupSettingsOf(
  { every, keep, to, s3 }: v.InferOutput<typeof backupSchema>,
  { dir, env }: { readonly dir: string; readonly env: Environment },
): BackupSettings {
  const said = (name: string): string | undefined => env[name] || undefined; // empty is not set
  return {
    to: to.startsWith("s3:") ? to : resolvePath(dir, to),
    schedule: every === undefined ? undefined : scheduleOf(every),
    keep,
    s3: {
      endpoint: s3.endpoint ?? said("AWS_ENDPOINT_URL_S3") ?? said("AWS_ENDPOINT_URL"),
      region: s3.region ?? said("AWS_REGION") ?? said("AWS_DEFAULT_REGION") ?? "us-east-1",
      accessKeyId: s3.accessKeyId ?? said("AWS_ACCESS_KEY_ID"),
      secretAccessKey: s3.secretAccessKey ?? said("AWS_SECRET_ACCESS_KEY"),
      sessionToken: s3.sessionToken ?? said("AWS_SESSION_TOKEN"),
    },
  };
}

/** What of the environment must never be shown, whether backups are used or not. */
export function secretsOfBackup(env: Environment): string[] {
  const texts = [env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]];
  return texts.flatMap((text) => (text === undefined || text === "" ? [] : [text]));
}
