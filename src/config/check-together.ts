import * as v from "valibot";
import { checkAlerts } from "./check-alerts.ts";
import { checkCascades } from "./check-cascades.ts";
import { checkPanes, checkRule, type RawRule } from "./check-rules.ts";
import { checkTokens } from "./check-tokens.ts";
import { type Fault, NO_VALUE } from "./explain.ts";
import { DEFAULT_RULES, timeSchema } from "./schema.ts";

type Section = Readonly<Record<string, unknown>>;

/**
 * Checks what spans several parts of the configuration, as far as these parts are right in themselves,
 * so that all is said at once.
 *
 * @param config With every reference to the environment replaced.
 */
export function checkTogether(config: Section): Fault[] {
  return [
    ...checkRules(config),
    ...checkTimes(config),
    ...checkNamesOfAlerts(config),
    ...checkKey(objectAt(config, "state") ?? {}),
    ...checkTokens(objectAt(config, "status") ?? {}),
  ];
}

/** There is one key. */
function checkKey({ key, keyFile }: Section): Fault[] {
  if (key === undefined || keyFile === undefined) return [];
  const message = "must not be given beside state.key";
  return [{ path: ["state", "keyFile"], message, value: NO_VALUE, expected: null }];
}

/** What holds of each rule, and of rules that read each other. */
function checkRules(config: Section): Fault[] {
  const rules = rawRulesOf(config);
  const sinks = sinkNamesOf(config);
  const time = v.safeParse(timeSchema, config["time"] ?? {});
  return [
    ...rules.flatMap((rule) => checkRule(rule, { sinks })),
    ...checkCascades(rules),
    ...(time.success ? rules.flatMap((rule) => checkPanes(rule, time.output.outOfOrderness)) : []),
  ];
}

function rawRulesOf(config: Section): RawRule[] {
  return Object.entries(objectAt(config, "rules") ?? {}).flatMap(([name, rule]): RawRule[] => {
    const options = objectAt({ rule }, "rule");
    return options === undefined ? [] : [{ name, options }];
  });
}

function sinkNamesOf(config: Section): string[] {
  return config["sinks"] === undefined ? ["sqlite"] : Object.keys(objectAt(config, "sinks") ?? {});
}

/** Alerts name things that are there. */
function checkNamesOfAlerts(config: Section): Fault[] {
  const rules = rawRulesOf(config);
  return checkAlerts(objectAt(config, "alerts") ?? {}, {
    // Of no rules at all there is one that is not in the file.
    rules:
      config["rules"] === undefined
        ? Object.entries(DEFAULT_RULES).map(([name, options]) => ({ name, options }))
        : rules,
    sinks: sinkNamesOf(config),
    notifiers: Object.keys(objectAt(config, "notifiers") ?? {}),
    functions: Object.keys(objectAt(config, "functions") ?? {}),
  });
}

/** The range of times has an inside. */
function checkTimes(config: Section): Fault[] {
  const time = v.safeParse(timeSchema, config["time"] ?? {});
  if (!time.success || time.output.minTimestamp < time.output.maxTimestamp) return [];
  const message = "must be before maxTimestamp";
  return [{ path: ["time", "minTimestamp"], message, value: NO_VALUE, expected: null }];
}

function objectAt(holder: Section, key: string): Section | undefined {
  const value = holder[key];
  // Whatever is an object can be read by keys.
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Section)
    : undefined;
}
