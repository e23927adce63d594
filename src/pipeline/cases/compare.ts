/** A row, a dead letter, or what of one is expected. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field that is not as expected; undefined: it is not there. */
export interface FieldDifference {
  readonly field: string;
  readonly expected: unknown;
  readonly received: unknown;
}

export type Difference =
  | { readonly kind: "differs"; readonly row: Fields; readonly fields: readonly FieldDifference[] }
  | { readonly kind: "missing"; readonly row: Fields }
  | { readonly kind: "unexpected"; readonly row: Fields };

export interface CompareOptions {
  /** What tells one from another. A field of these that is not expected tells nothing. */
  readonly identity: readonly string[];
  /** Fields that are never compared. */
  readonly ignored?: readonly string[];
  /** Whether fields that are not expected must not be there. Default: they are not compared. */
  readonly isWhole?: boolean;
  /** By how much numbers may differ, relative to the larger one. Default: not at all. */
  readonly tolerance?: number;
}

/** How what came differs from what is expected. The order does not matter. */
export function compare(
  expected: readonly Fields[],
  received: readonly Fields[],
  options: CompareOptions,
): Difference[] {
  const taken = new Set<Fields>();
  const differences: Difference[] = [];
  const candidates = new Candidates(received, options.identity);
  const open = new Set(expected);
  // Those that are right first, and of these the ones that say the most: where little is expected several fit.
  const exact = [...expected].sort((a, b) => Object.keys(b).length - Object.keys(a).length);
  for (const row of exact) {
    const match = candidates
      .of(row)
      .find((one) => !taken.has(one) && fieldDifferences(row, one, options).length === 0);
    if (match === undefined) continue;
    taken.add(match);
    open.delete(row);
  }
  for (const row of open) {
    const nearest = candidates.of(row).find((one) => !taken.has(one));
    if (nearest === undefined) {
      differences.push({ kind: "missing", row });
      continue;
    }
    taken.add(nearest);
    const fields = fieldDifferences(row, nearest, options);
    differences.push({ kind: "differs", row: nearest, fields });
  }
  for (const row of received) {
    if (!taken.has(row)) differences.push({ kind: "unexpected", row });
  }
  return differences;
}

/** What came, found by those fields of the identity that are expected. */
class Candidates {
  readonly #received: readonly Fields[];
  readonly #identity: readonly string[];
  readonly #byFields = new Map<string, Map<string, Fields[]>>();

  constructor(received: readonly Fields[], identity: readonly string[]) {
    this.#received = received;
    this.#identity = identity;
  }

  of(expected: Fields): readonly Fields[] {
    const named = this.#identity.filter((field) => expected[field] !== undefined);
    const key = named.join();
    let index = this.#byFields.get(key);
    if (index === undefined) {
      index = Map.groupBy(this.#received, (row) => keyOf(row, named));
      this.#byFields.set(key, index);
    }
    return index.get(keyOf(expected, named)) ?? [];
  }
}

function keyOf(row: Fields, fields: readonly string[]): string {
  return JSON.stringify(fields.map((field) => sorted(row[field])));
}

/** Labels are the same in any order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

function fieldDifferences(
  expected: Fields,
  received: Fields,
  { ignored = [], isWhole = false, tolerance = 0 }: CompareOptions,
): FieldDifference[] {
  const names = new Set([...Object.keys(expected), ...(isWhole ? Object.keys(received) : [])]);
  return [...names]
    .filter((field) => !ignored.includes(field))
    .filter((field) => !isSame(expected[field], received[field], tolerance))
    .map((field) => ({ field, expected: expected[field], received: received[field] }));
}

function isSame(expected: unknown, received: unknown, tolerance: number): boolean {
  if (typeof expected === "number" && typeof received === "number") {
    if (expected === received) return true;
    const scale = Math.max(Math.abs(expected), Math.abs(received));
    return Math.abs(expected - received) <= tolerance * scale;
  }
  if (!isHolder(expected) || !isHolder(received)) return expected === received;
  if (Array.isArray(expected) !== Array.isArray(received)) return false;
  const keys = new Set([...Object.keys(expected), ...Object.keys(received)]);
  return [...keys].every(
    (key) =>
      Object.hasOwn(expected, key) === Object.hasOwn(received, key) &&
      isSame(expected[key], received[key], tolerance),
  );
}

function isHolder(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
