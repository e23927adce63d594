import { functionNamed } from "../aggregations/named.ts";
import type { Page } from "../core/page.ts";
import type { Settings } from "../core/settings.ts";
import { secondsOf } from "../core/time.ts";
import type { FormerRule } from "../engine/rule-engine.ts";
import { Processor } from "./processor.ts";

/** What the windows of a rule come to that the state holds. */
export interface RuleEffect {
  /** Windows that have not fired. */
  readonly open: number;
  /** Unix seconds from which on windows have the new meaning. */
  readonly boundary?: number;
  /** Whether a restart gives them up where a reload does not: they need code that is gone. */
  readonly givenUpByRestart: boolean;
}

/**
 * What a change of settings means for the windows of a state, by rule. It is tried in memory: the pages are
 * read as a reload, and as a restart, would read them.
 */
export function changeEffect(
  before: Settings,
  after: Settings,
  pages: readonly Page[],
): Readonly<Record<string, RuleEffect>> {
  const running = restored(before, pages).processor.engine;
  const reloaded = restored(after, pages, running.formerRules());
  const restarted = restored(after, pages);
  const rules: Record<string, RuleEffect> = {};
  for (const { name } of [...running.rules, ...reloaded.processor.engine.rules]) {
    const old = running.rules.find((rule) => rule.name === name);
    const now = reloaded.processor.engine.rules.find((rule) => rule.name === name);
    const boundary = now?.present.since ?? -Infinity;
    const keeps = ({ givenUp }: Restored): boolean => !givenUp.has(name);
    rules[name] = {
      open: old?.windowCounts().open ?? 0,
      ...(Number.isFinite(boundary) ? { boundary: secondsOf(now!.present.since) } : {}),
      givenUpByRestart: keeps(reloaded) && !keeps(restarted),
    };
  }
  return rules;
}

interface Restored {
  readonly processor: Processor;
  /** Rules that could not keep their windows. */
  readonly givenUp: ReadonlySet<string>;
}

function restored(
  settings: Settings,
  pages: readonly Page[],
  former: readonly FormerRule[] = [],
): Restored {
  const processor = new Processor(settings, { seed: 0, nowMs: 0, onRefusal: () => {} });
  const givenUp = processor.restore(pages, { former, functionNamed });
  return { processor, givenUp: new Set(givenUp.map(({ rule }) => rule)) };
}
