import type { ConfigIssue } from "../core/errors.ts";
import { type EnvReference, isEnvReference, replaceReferences } from "./env.ts";
import { type Path, pathText } from "./path-text.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration without references, and what is known of the places where they stood. */
export interface Expanded {
  readonly value: unknown;
  readonly issues: readonly ConfigIssue[];
  /** Paths (as text) whose value came from the environment, or would have. */
  readonly fromEnv: ReadonlySet<string>;
  /** Those whose variable is not set: whatever else is said of them is an echo. */
  readonly missing: ReadonlySet<string>;
  /** What came from the environment. */
  readonly values: readonly string[];
  /** Variables that were asked for, set or not. */
  readonly names: ReadonlySet<string>;
}

/** Deeper is no configuration but a cycle. */
const DEPTH_MAX = 32;

/** Replaces every reference to the environment by its value. Changes nothing of what it is given. */
export function expandEnv(input: unknown, env: Environment): Expanded {
  const issues: ConfigIssue[] = [];
  const fromEnv = new Set<string>();
  const missing = new Set<string>();
  const values = new Set<string>();
  const names = new Set<string>();

  function read(reference: EnvReference, path: Path): string | number | boolean | undefined {
    const where = pathText(path);
    const value = env[reference.name];
    names.add(reference.name);
    if (value !== undefined && value !== "") {
      fromEnv.add(where);
      values.add(value);
      return value;
    }
    if (reference.default !== undefined) return reference.default;
    fromEnv.add(where);
    missing.add(where);
    const state = value === "" ? "empty" : "not set";
    issues.push({ path: where, message: `environment variable ${reference.name} is ${state}` });
    return undefined;
  }

  function expand(value: unknown, path: Path): unknown {
    if (typeof value === "string") {
      return replaceReferences(value, (reference) => read(reference, path) ?? "");
    }
    if (isEnvReference(value)) return read(value, path);
    if (typeof value !== "object" || value === null || path.length > DEPTH_MAX) return value;
    if (Array.isArray(value)) return value.map((item, index) => expand(item, [...path, index]));
    // Whatever has a class of its own (a Map, a Date, a key) is a value, not a part of the configuration.
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, expand(item, [...path, key])]),
    );
  }

  const value = expand(input, []);
  return { value, issues, fromEnv, missing, values: [...values], names };
}
