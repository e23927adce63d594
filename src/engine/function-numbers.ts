import { MISSED } from "../core/columns.ts";
import type { AggregateSettings, RuleSettings } from "../core/settings.ts";
import type { RuleEvents } from "./rule-events.ts";
import { NO_GROUP } from "./selection.ts";

const NONE = 255;

/**
 * The functions of the events, numbered as a rule numbers them that was made under a configuration with
 * others. Events whose function it did not know are not for it.
 */
export class FunctionNumbers {
  readonly #numbers: Uint8Array;
  #fn = new Uint8Array(0);
  #group = new Int32Array(0);

  private constructor(numbers: Uint8Array) {
    this.#numbers = numbers;
  }

  /**
   * @param events What the function numbers of the columns mean.
   * @returns Undefined when both number alike.
   */
  static between(events: readonly string[], rule: AggregateSettings): FunctionNumbers | undefined {
    if (rule.kind === "named" || events.length === 0) return undefined;
    const keys = rule.functions.map(({ key }) => key);
    if (keys.length === events.length && keys.every((key, i) => key === events[i]))
      return undefined;
    const numbers = events.map((name) => keys.indexOf(name));
    return new FunctionNumbers(Uint8Array.from(numbers, (fn) => (fn < 0 ? NONE : fn)));
  }

  apply(events: RuleEvents, from: number, to: number): RuleEvents {
    if (this.#fn.length < events.fn.length) {
      this.#fn = new Uint8Array(events.fn.length);
      this.#group = new Int32Array(events.fn.length);
    }
    const { marks } = events;
    for (let i = from; i < to; i++) {
      const fn = this.#numbers[events.fn[i]!]!;
      this.#fn[i] = fn;
      this.#group[i] = fn === NONE ? NO_GROUP : events.group[i]!;
      if (fn === NONE && marks[i] === 0) marks[i] = MISSED.filtered;
    }
    return { ...events, fn: this.#fn, group: this.#group };
  }
}

/** Whether the function of an event, which is an index, means the same one in every rule. */
export function shareFunctions(rules: readonly RuleSettings[]): boolean {
  const lists = rules.flatMap(({ aggregate }) =>
    aggregate.kind === "event" ? [aggregate.functions.map(({ key }) => key).join("\n")] : [],
  );
  return new Set(lists).size <= 1;
}
