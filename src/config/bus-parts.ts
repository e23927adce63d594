import type { Environment } from "./expand-env.ts";
import { OTLP_VARIABLES } from "./otlp-environment.ts";

/** What our own bus has nothing to do with: where events go, and what becomes of them there. */
const SECTIONS = ["source", "sinks", "backup", "metrics", "dedupe"] as const;

/** The variables that say the same, and the length of the windows. */
const VARIABLES = ["VABUS_URL", "STORAGE_TYPE", "AGGREGATION_INTERVAL", ...OTLP_VARIABLES] as const;

/**
 * What our own bus reads of a configuration, so that it starts where a store or a source is not set up:
 * the rules (for the functions that an event may name) without the sinks that they name, and the rest.
 */
export function partsOfBus(input: unknown, env: Environment): { input: unknown; env: Environment } {
  const open = Object.fromEntries(VARIABLES.map((name) => [name, undefined]));
  return { input: isSection(input) ? reduced(input) : input, env: { ...env, ...open } };
}

type Section = Readonly<Record<string, unknown>>;

function reduced(config: Section): Section {
  const parts = without(config, SECTIONS);
  const { rules } = config;
  if (!isSection(rules)) return parts;
  const free = Object.entries(rules).map(([name, rule]): [string, unknown] => [
    name,
    isSection(rule) ? without(rule, ["to"]) : rule,
  ]);
  return { ...parts, rules: Object.fromEntries(free) };
}

function without(section: Section, keys: readonly string[]): Section {
  return Object.fromEntries(Object.entries(section).filter(([key]) => !keys.includes(key)));
}

/** What is none stays as it is: the check will say so. */
function isSection(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
