import { bdi, h } from "../dom.ts";

/** The labels of a series, each a chip; null where there are none. */
export function labelsOf(labels: Readonly<Record<string, string>>): HTMLElement | null {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return null;
  return h(
    "span",
    { class: "labels" },
    ...pairs.map(([label, text]) => h("span", { class: "label" }, bdi(`${label}=${text}`))),
  );
}
