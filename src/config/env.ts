/** A place in the configuration whose value comes from the environment. Made by {@link env}. */
export interface EnvReference {
  readonly kind: "env";
  readonly name: string;
  readonly default?: string | number | boolean;
  /** Stands for the value within a template, until the configuration is checked. */
  toString(): string;
}

/**
 * What a configuration may say where `T` is wanted: the value itself, or, at any depth, a reference to
 * the environment.
 */
export type Configurable<T> = T extends string | number | boolean
  ? T | EnvReference
  : T extends (...args: never) => unknown
    ? T
    : T extends object
      ? { readonly [Key in keyof T]: Configurable<T[Key]> }
      : T;

// Of the private use area of Unicode: no configuration contains them by accident.
const OPEN = "\u{F0000}";
const CLOSE = "\u{F0001}";

/**
 * The value of an environment variable, read when the configuration is checked. Also works inside a
 * template: `` `postgres://app:${env("PASSWORD")}@db/plant` ``. Such values are never shown in logs,
 * errors or `/status`. An empty variable counts as one that is not set.
 *
 * @param fallback The value when the variable is not set; without it that is an error.
 *
 * @example
 * ```ts
 * env("KAFKA_TOPIC", "aggregates").default; // => "aggregates"
 * ```
 */
export function env(name: string, fallback?: string | number | boolean): EnvReference {
  const reference: EnvReference =
    fallback === undefined ? { kind: "env", name } : { kind: "env", name, default: fallback };
  return Object.defineProperty(reference, "toString", {
    value: () => OPEN + JSON.stringify(reference) + CLOSE,
  });
}

export function isEnvReference(value: unknown): value is EnvReference {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    value.kind === "env" &&
    "name" in value &&
    typeof value.name === "string"
  );
}

/** Replaces what {@link env} left in a template. */
export function replaceReferences(
  text: string,
  read: (reference: EnvReference) => string | number | boolean,
): string {
  return text.replace(/\u{F0000}(.*?)\u{F0001}/gsu, (_, json: string) =>
    // Written by `toString` above.
    String(read(JSON.parse(json) as EnvReference)),
  );
}
