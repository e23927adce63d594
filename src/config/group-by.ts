import * as v from "valibot";
import { LABELS_MAX } from "../core/limits.ts";
import type { GroupBy } from "../core/settings.ts";
import { hintFor } from "./explain.ts";

/** What may tell the series of a rule apart. */
export type GroupByText = "name" | `labels.${string}`;

const PREFIX = "labels.";

const part = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || isPart(dataset.value)) return;
    const hint = hintOf(dataset.value);
    addIssue({ message: `must be "name" or a label such as "labels.host"${hint}` });
  }),
);

function isPart(text: string): boolean {
  return text === "name" || (text.startsWith(PREFIX) && text.length > PREFIX.length);
}

/** For `label.host` the prefix that was meant, for `host` the label. */
function hintOf(text: string): string {
  const dot = text.indexOf(".");
  const name = hintFor(text, ["name"]);
  if (name !== "") return name;
  const label = dot === -1 ? text : text.slice(dot + 1);
  return label === "" ? "" : `, did you mean "${PREFIX}${label}"?`;
}

const listSchema = v.pipe(
  v.array(part),
  v.maxLength(LABELS_MAX + 1),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    dataset.value.forEach((text, index, texts) => {
      if (texts.indexOf(text) === index) return;
      addIssue({
        message: "is named twice",
        input: text,
        path: [{ type: "array", origin: "value", input: [...texts], key: index, value: text }],
      });
    });
  }),
  v.transform((texts): GroupBy | undefined => {
    const labels = texts.filter((text) => text !== "name").map((text) => text.slice(PREFIX.length));
    const name = texts.includes("name");
    return name && labels.length === 0 ? undefined : { name, labels: labels.sort() };
  }),
);

/** What tells the series of a rule apart; undefined when the name alone. */
export const groupBySchema: v.GenericSchema<readonly GroupByText[], GroupBy | undefined> =
  // The check refuses what the narrower type does, and says why.
  listSchema as unknown as v.GenericSchema<readonly GroupByText[], GroupBy | undefined>;
