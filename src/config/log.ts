import * as v from "valibot";
import { LOG_LEVELS, LOG_PARTS, type LogPart } from "../core/logger.ts";

const level = v.picklist(LOG_LEVELS);

/** One option for each part, so that a misspelt one is an error with the nearest spelling. */
const partsSchema = v.strictObject(
  Object.fromEntries(
    Object.entries(LOG_PARTS).map(([part, about]) => [
      part,
      v.pipe(v.optional(level), v.description(`${about[0]!.toUpperCase()}${about.slice(1)}.`)),
    ]),
    // The keys are those of the list, whose type says so; what Object.fromEntries gives has lost them.
  ) as unknown as Record<LogPart, v.OptionalSchema<typeof level, undefined>>,
);

export const logSchema = v.strictObject({
  level: v.pipe(
    v.optional(level, "info"),
    v.description("How much is said. `LOG_LEVEL` and `--log-level` go before it."),
  ),
  parts: v.pipe(
    v.optional(partsSchema, {}),
    v.metadata({ type: "levels by part" }),
    v.description(`Levels of single parts: ${Object.keys(LOG_PARTS).join(", ")}.`),
  ),
  format: v.pipe(
    v.optional(v.picklist(["auto", "json", "pretty"]), "auto"),
    v.description("`auto`: for the eye on a terminal, one JSON object a line otherwise."),
  ),
});
