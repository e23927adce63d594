import { resolve as resolvePath } from "node:path";
import * as v from "valibot";
import type { OtlpSettings } from "../core/settings.ts";
import { duration } from "./duration.ts";
import { headersSchema } from "./headers.ts";

/** Where a collector takes metrics, below its URL. */
const METRICS_PATH = "/v1/metrics";

export const otlpSchema = v.strictObject({
  url: v.pipe(
    v.string(),
    v.check(
      isHttpUrl,
      "must be a URL that begins with http:// or https://, without user and password",
    ),
    v.description("Of the collector; `/v1/metrics` is added where it does not end so."),
  ),
  headers: v.pipe(
    v.optional(headersSchema, {}),
    v.metadata({ kind: "secret", type: "texts by the names of headers" }),
    v.description("Headers of every request: a key, say. Never shown."),
  ),
  every: v.pipe(
    v.optional(duration({ min: "1s", max: "1d" }), "60s"),
    v.metadata({ type: "duration" }),
    v.description("How often they are pushed, and once more at the end."),
  ),
  timeout: v.pipe(
    v.optional(duration({ min: "100ms", max: "10m" }), "10s"),
    v.metadata({ type: "duration" }),
    v.description("How long one push may take."),
  ),
  resource: v.pipe(
    v.optional(v.record(v.string(), v.string()), {}),
    v.metadata({ kind: "plain", type: "texts by the names of attributes" }),
    v.description(
      "Attributes of the resource besides `service.name`, `service.instance.id`, `service.version` and " +
        "`host.name`, or in their place.",
    ),
  ),
  ca: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.metadata({ kind: "path" }),
    v.description("File (PEM) of the authority that the collector's certificate is from."),
  ),
});

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "http:" || url.protocol === "https:";
}

/** @param dir Absolute folder that paths count from. */
export function otlpSettingsOf(
  { url, headers, every, timeout, resource, ca }: v.InferOutput<typeof otlpSchema>,
  dir: string,
): OtlpSettings {
  const at = new URL(url);
  if (!at.pathname.endsWith(METRICS_PATH)) {
    at.pathname = `${at.pathname.replace(/\/+$/, "")}${METRICS_PATH}`;
  }
  return {
    url: at.href,
    headers,
    everyMs: every / 1000,
    timeoutMs: timeout / 1000,
    resource,
    ca: ca === undefined ? undefined : resolvePath(dir, ca),
  };
}
