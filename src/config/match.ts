import * as v from "valibot";
import { messageOf } from "../core/errors.ts";
import { globMatcher } from "../core/glob.ts";
import { GLOBS_MAX, LABELS_MAX, NAME_BYTES_MAX } from "../core/limits.ts";
import type { RuleMatch } from "../core/settings.ts";
import { parseWithin, reportPlace } from "./within.ts";

const glob = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    if (new TextEncoder().encode(dataset.value).length > NAME_BYTES_MAX) {
      addIssue({ message: `must have at most ${NAME_BYTES_MAX} bytes` });
      return;
    }
    try {
      globMatcher(dataset.value);
    } catch (thrown) {
      addIssue({ message: messageOf(thrown) });
    }
  }),
);

/** One glob, or several of which one has to match. */
const globs = v.pipe(
  v.union([glob, v.pipe(v.array(glob), v.nonEmpty(), v.maxLength(GLOBS_MAX))]),
  v.transform((input): readonly string[] => (typeof input === "string" ? [input] : input)),
);

type Labels = Readonly<Record<string, string | readonly string[]>>;

/** Any text is the name of a label, `__proto__` too, hence no record. */
const labelGlobs: v.GenericSchema<Labels, ReadonlyMap<string, readonly string[]>> = v.pipe(
  v.custom<Labels>(
    (input) => typeof input === "object" && input !== null && !Array.isArray(input),
    "must be an object of globs by the labels",
  ),
  v.rawTransform<Labels, ReadonlyMap<string, readonly string[]>>(({ dataset, addIssue }) => {
    const entries = Object.entries(dataset.value);
    if (entries.length > LABELS_MAX) {
      reportPlace(addIssue, [], `must have at most ${LABELS_MAX} labels`);
    }
    return new Map(
      entries.flatMap(([label, input]) => {
        const parsed = parseWithin(globs, { input, path: [label], addIssue });
        return parsed === undefined ? [] : [[label, parsed.output]];
      }),
    );
  }),
);

/** Which events a rule takes; undefined when all of them. */
export const matchSchema = v.pipe(
  v.strictObject({
    name: v.pipe(
      v.optional(globs),
      v.metadata({ type: "glob or list of globs" }),
      v.description("One of them has to match the name."),
    ),
    labels: v.pipe(
      v.optional(labelGlobs),
      v.metadata({ type: "globs by the labels" }),
      v.description(
        "Of each label that is listed: the event has it, and one of its globs matches.",
      ),
    ),
  }),
  v.transform(({ name, labels }): RuleMatch | undefined => {
    const someLabels = labels !== undefined && labels.size > 0 ? labels : undefined;
    return name === undefined && someLabels === undefined
      ? undefined
      : { name, labels: someLabels };
  }),
);
