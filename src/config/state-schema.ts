import * as v from "valibot";
import { OUTBOX_BYTES_MAX } from "../core/limits.ts";
import { duration } from "./duration.ts";
import { keySchema } from "./state-key.ts";

/** Less could not hold the rows of one firing. */
const OUTBOX_BYTES_MIN = 64 * 1024;

export const stateSchema = v.strictObject({
  dir: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty(), v.metadata({ kind: "path" })), "./aggregator-data"),
    v.description("Folder of everything that outlives a restart. `STATE_DIR` when left out."),
  ),
  key: v.pipe(
    v.optional(keySchema),
    v.description(
      "Encrypts what is kept (AES-256-GCM): 32 bytes as base64 or hex. `STATE_KEY` when left out; " +
        "without one nothing is encrypted.",
    ),
  ),
  keyFile: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty(), v.metadata({ kind: "path" }))),
    v.description("File of that key, instead of `key`."),
  ),
  checkpointEvery: v.pipe(
    v.optional(duration({ min: "10ms" }), "5s"),
    v.metadata({ type: "duration" }),
    v.description("A checkpoint is made at every firing, and at least so often while events come."),
  ),
  maxOutboxBytes: v.pipe(
    v.optional(
      v.pipe(
        v.number(),
        v.integer(),
        v.minValue(OUTBOX_BYTES_MIN),
        v.maxValue(Number.MAX_SAFE_INTEGER),
      ),
      OUTBOX_BYTES_MAX,
    ),
    v.description(
      "Bytes of rows that may wait for one sink; beyond it reading stops until it took some.",
    ),
  ),
  shutdownTimeout: v.pipe(
    v.optional(duration({ max: "1h" }), "30s"),
    v.metadata({ type: "duration" }),
    v.description("How long a stop may take to deliver what is left; the rest is kept."),
  ),
});
