import { nearest } from "./nearest.ts";

/** What a template may name besides labels. */
export const TEMPLATE_FIELDS = [
  "alert",
  "severity",
  "pipeline",
  "value",
  "limit",
  "labels",
] as const;

export type TemplateField = (typeof TEMPLATE_FIELDS)[number];

/** `{value}`, `{labels.host}`; `{{` is a brace. */
const PLACE = /\{\{|\}\}|\{([^{}]*)\}/g;

const LABEL = "labels.";

/** What is wrong with a template; undefined: nothing. */
export function templateFault(template: string): string | undefined {
  for (const [, place] of template.matchAll(PLACE)) {
    if (place === undefined || place === "labels" || isField(place)) continue;
    if (place.startsWith(LABEL) && place.length > LABEL.length) continue;
    const known = [...TEMPLATE_FIELDS, "labels.…"];
    const meant = nearest(place, TEMPLATE_FIELDS);
    const hint = meant === undefined ? "" : `, did you mean "{${meant}}"?`;
    return `{${place}} is no place of a template, must be one of ${known.map((one) => `{${one}}`).join(", ")}${hint}`;
  }
  return undefined;
}

/** Fills a template in. A label that is not there leaves nothing. */
export function filledTemplate(
  template: string,
  values: {
    readonly fields: Readonly<Record<Exclude<TemplateField, "labels">, string>>;
    readonly labels: Readonly<Record<string, string>>;
  },
): string {
  return template.replace(PLACE, (text, place: string | undefined) => {
    if (place === undefined) return text[0]!;
    if (place === "labels") return labelsText(values.labels);
    if (place.startsWith(LABEL)) return values.labels[place.slice(LABEL.length)] ?? "";
    return isField(place) ? values.fields[place] : text;
  });
}

/** `host="a", rule="per_minute"`, by label. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .sort()
    .map((label) => `${label}=${JSON.stringify(labels[label])}`)
    .join(", ");
}

function isField(place: string): place is Exclude<TemplateField, "labels"> {
  return place !== "labels" && TEMPLATE_FIELDS.some((field) => field === place);
}
