import type { RuleSettings } from "../core/settings.ts";
import { meaningOf } from "./rule-meaning.ts";

/** What each rule means, by its name: with what it reads. @param rules Each behind the one that it reads. */
export function meaningsOf(rules: readonly RuleSettings[]): ReadonlyMap<string, string> {
  const meanings = new Map<string, string>();
  for (const rule of rules) {
    const lower = rule.from === undefined ? undefined : meanings.get(rule.from);
    meanings.set(rule.name, meaningOf(rule, lower));
  }
  return meanings;
}
