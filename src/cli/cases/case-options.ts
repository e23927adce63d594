import * as v from "valibot";
import { duration } from "../../config/duration.ts";
import { explain, NO_VALUE, shown } from "../../config/explain.ts";
import { pathText } from "../../config/path-text.ts";
import { ConfigError } from "../../core/errors.ts";
import { emptyLedger, type LedgerCounts } from "../../core/ledger.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** `case.json`: what a case says of the clock, and of the comparison. All of it is optional. */
const caseSchema = v.strictObject({
  now: v.optional(v.pipe(v.number(), v.finite())),
  pauses: v.optional(v.array(v.strictObject({ after: count, for: duration() })), []),
  end: v.optional(v.boolean(), true),
  tolerance: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0),
});

export type CaseOptions = v.InferOutput<typeof caseSchema>;

/** @param file Its name, for the messages. @throws {ConfigError} */
export function caseOptionsOf(input: unknown, file: string): CaseOptions {
  const options = parse(caseSchema, { input, file });
  const { pauses } = options;
  for (const [i, { after }] of pauses.entries()) {
    const before = pauses[i - 1]?.after ?? -1;
    if (after > before) continue;
    const message = `${after}: must be more than ${before}, that of the pause before`;
    throw new ConfigError([{ path: `${file}: pauses[${i}].after`, message }]);
  }
  return options;
}

/** `expected-ledger.json`: counts that are left out are 0. */
const ledgerSchema = v.strictObject(
  Object.fromEntries(Object.keys(emptyLedger()).map((name) => [name, v.optional(count, 0)])),
);

/** @param file Its name, for the messages. @throws {ConfigError} */
export function ledgerOf(input: unknown, file: string): LedgerCounts {
  // The schema has exactly these keys.
  return parse(ledgerSchema, { input, file }) as unknown as LedgerCounts;
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  { input, file }: { readonly input: unknown; readonly file: string },
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  throw new ConfigError(
    result.issues
      .flatMap((issue) => explain(issue, { schema, input }))
      .map(({ path, message, value }) => ({
        path: path.length === 0 ? file : `${file}: ${pathText(path)}`,
        message: value === NO_VALUE ? message : `${shown(value)}: ${message}`,
      })),
  );
}
