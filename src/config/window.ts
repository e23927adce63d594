import * as v from "valibot";
import { durationMicros } from "../core/time.ts";
import type { WindowRule } from "../core/window.ts";
import type { TumblingCall } from "./calls.ts";
import { duration } from "./duration.ts";
import { hintFor, shown } from "./explain.ts";
import { parseWithin, reportPlace } from "./within.ts";

const KINDS = ["tumbling"] as const;

const WISH = 'must be a window such as tumbling("60s")';

const tumblingOptions = v.strictObject({
  offset: v.optional(duration({ min: "0us" })),
});

/** The window of a rule, as `tumbling("60s")` makes it. */
export const windowSchema: v.GenericSchema<TumblingCall, WindowRule> = v.pipe(
  // Any value goes on: one place says what is wrong with it.
  v.custom<TumblingCall>(() => true),
  v.rawTransform<TumblingCall, WindowRule>(({ dataset, addIssue, NEVER }) => {
    const input: unknown = dataset.value;
    if (typeof input !== "object" || input === null || !("kind" in input)) {
      addIssue({ message: WISH });
      return NEVER;
    }
    const { kind, ...rest } = input;
    if (kind !== "tumbling") {
      reportPlace(addIssue, [], `kind ${shown(kind)} ${WISH}${hintFor(kind, KINDS)}`);
      return NEVER;
    }
    const { size: sizeInput, ...options } = rest as { readonly size?: unknown };
    // The size is the first argument of the call: its place in the file is the window itself.
    const size = parseWithin(duration(), { input: sizeInput, path: [], addIssue });
    const parsed = parseWithin(tumblingOptions, { input: options, path: [], addIssue });
    if (size === undefined || parsed === undefined) return NEVER;
    const offset = parsed.output.offset ?? durationMicros(0);
    if (offset >= size.output) {
      reportPlace(addIssue, ["offset"], "must be less than the size of the window");
      return NEVER;
    }
    return { kind: "tumbling", size: size.output, offset };
  }),
);
