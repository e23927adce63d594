import { windowText } from "../core/window-text.ts";
import { boundaryFault } from "./boundaries.ts";
import { optionOf, type RawRule } from "./check-rules.ts";
import { type Fault, hintFor, NO_VALUE } from "./explain.ts";

/** Checks the rules that read other rules: these are there, end somewhere, and have windows that fit. */
export function checkCascades(rules: readonly RawRule[]): Fault[] {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  return rules.flatMap((rule) => {
    const { name, options } = rule;
    const from: unknown = options["from"];
    if (typeof from !== "string") return [];
    const path = ["rules", name, "from"];
    const lower = byName.get(from);
    if (lower === undefined) {
      const others = rules.map((other) => other.name).filter((other) => other !== name);
      const choice = others.length === 0 ? "another rule" : `one of the rules ${others.join(", ")}`;
      const message = `must be ${choice}${hintFor(from, others)}`;
      return [{ path, message, value: from, expected: null }];
    }
    const cycle = cycleOf(rule, byName);
    if (cycle !== undefined) {
      // All in it are told once, at the first of them.
      if (rules.find((other) => cycle.includes(other.name)) !== rule) return [];
      const message = `must not lead back to the rule itself: ${[...cycle, name].join(" reads ")}`;
      return [{ path, message, value: NO_VALUE, expected: null }];
    }
    return checkWindows(rule, lower);
  });
}

/** The rules that one reads until it comes to itself; undefined when it does not. */
function cycleOf(
  rule: RawRule,
  byName: ReadonlyMap<string, RawRule>,
): readonly string[] | undefined {
  const names = [rule.name];
  for (let at: RawRule | undefined = rule; at !== undefined; ) {
    const from: unknown = at.options["from"];
    if (typeof from !== "string") return undefined;
    if (from === rule.name) return names;
    // A cycle further on is another rule's.
    if (names.includes(from)) return undefined;
    names.push(from);
    at = byName.get(from);
  }
  return undefined;
}

function checkWindows(rule: RawRule, lower: RawRule): Fault[] {
  const upperWindow = optionOf(rule, "window");
  const lowerWindow = optionOf(lower, "window");
  const fault = (key: string, message: string): Fault[] => [
    { path: ["rules", rule.name, key], message, value: NO_VALUE, expected: null },
  ];
  if (upperWindow?.kind === "session") {
    return fault("window", "must not be a session beside from: sessions are told by events alone");
  }
  if (lowerWindow?.kind === "hopping" || lowerWindow?.kind === "session") {
    const wish = "must be a rule with tumbling or calendar windows";
    return fault("from", `${wish}, and those of ${lower.name} are ${windowText(lowerWindow)}`);
  }
  if (lowerWindow === undefined || upperWindow === undefined) return [];
  const reason = boundaryFault(lowerWindow, upperWindow);
  if (reason === undefined) return [];
  const windows = `${windowText(upperWindow)} does not consist of whole windows of ${lower.name}`;
  return fault("window", `${windows}, ${windowText(lowerWindow)}: ${reason}`);
}
