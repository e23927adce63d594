import { describe, textFault } from "../core/event-text.ts";
import { LABELS_MAX } from "../core/limits.ts";
import type { RuleEvent } from "../core/settings.ts";

/**
 * What `map` made of an event. It is the user's code, whose types nobody checked at run time, and what it
 * makes has to be what an event may be.
 *
 * @returns undefined: the event is filtered.
 * @throws {TypeError} It is no such thing; says what is.
 */
export function mappedEvent(event: RuleEvent, mapped: unknown): RuleEvent | undefined {
  if (mapped === undefined || mapped === null) return undefined;
  if (typeof mapped !== "object" || Array.isArray(mapped)) {
    throw new TypeError(`map returned ${describe(mapped)}, not an object or undefined`);
  }
  const {
    name = event.name,
    value = event.value,
    labels = event.labels,
    timestamp,
  } = mapped as Partial<Record<keyof RuleEvent, unknown>>;
  if (timestamp !== undefined && timestamp !== event.timestamp) {
    throw new TypeError("map cannot change the timestamp");
  }
  const nameFault = textFault(name);
  if (nameFault !== undefined) throw new TypeError(`map returned a name that ${nameFault}`);
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new TypeError(`map returned a value that is ${describe(value)}, not a finite number`);
  }
  // `textFault` found the name to be one.
  const kept = { ...event, name: name as string, value };
  return labels === event.labels ? kept : { ...kept, labels: checkedLabels(labels) };
}

function checkedLabels(labels: unknown): Readonly<Record<string, string>> {
  if (typeof labels !== "object" || labels === null || Array.isArray(labels)) {
    throw new TypeError(`map returned labels that are ${describe(labels)}, not an object`);
  }
  const checked = Object.create(null) as Record<string, string>;
  const pairs: [string, unknown][] = Object.entries(labels);
  if (pairs.length > LABELS_MAX) {
    throw new TypeError(`map returned ${pairs.length} labels, more than ${LABELS_MAX}`);
  }
  for (const [label, value] of pairs) {
    if (value === undefined) continue;
    const fault = textFault(label) ?? (value === "" ? undefined : textFault(value));
    if (fault !== undefined)
      throw new TypeError(`map returned label ${describe(label)} that ${fault}`);
    checked[label] = value as string; // textFault found it to be one
  }
  return checked;
}
