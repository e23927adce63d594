import type { Aggregation } from "../core/aggregation.ts";
import { parseDuration } from "../core/time.ts";
import { functionDefinitions } from "./list.ts";

/**
 * The function that a state knows by this text: `sum`, `quantile(0.99)`, `histogram([1,2,5])`, `ewma("5m")`.
 * Undefined where this version has none that would call itself so.
 */
export function functionNamed(text: string): Aggregation | undefined {
  const [, name, argument] = /^(\w+)(?:\((.*)\))?$/s.exec(text) ?? [];
  const definition = functionDefinitions.find((one) => one.name === name);
  if (definition === undefined) return undefined;
  const made = madeOf(definition, argument === undefined ? undefined : valueOf(argument));
  // One that is called otherwise means something else: no window may go on under it.
  return made?.name === text ? made : undefined;
}

function madeOf(
  definition: (typeof functionDefinitions)[number],
  argument: unknown,
): Aggregation | undefined {
  switch (definition.parameter) {
    case undefined:
      return argument === undefined ? definition.make() : undefined;
    case "fraction": {
      const isFraction = typeof argument === "number" && argument >= 0 && argument <= 1;
      return isFraction ? definition.make(argument) : undefined;
    }
    case "bounds":
      return isBounds(argument) ? definition.make(argument) : undefined;
    case "duration": {
      const micros = typeof argument === "string" ? parseDuration(argument) : undefined;
      // `parseDuration` takes a text alone.
      return micros === undefined ? undefined : definition.make(micros, argument as string);
    }
  }
}

function isBounds(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((bound, i) => typeof bound === "number" && (i === 0 || bound > value[i - 1]))
  );
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
