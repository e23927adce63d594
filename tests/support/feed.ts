import { busFunctions as aggregations } from "../../src/aggregations/list.ts";
import { EventColumns } from "../../src/core/columns.ts";
import type { RefusalReason } from "../../src/core/event.ts";
import type { LedgerCounts } from "../../src/core/ledger.ts";
import type { RuleSettings } from "../../src/core/settings.ts";
import { durationMicros, epochMicros } from "../../src/core/time.ts";
import { Decoder, inputOf } from "../../src/decode/decoder.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineRow } from "../../src/engine/engine-row.ts";

export interface Fed {
  /** The last row of each series and window, in the order in which they first came. */
  readonly rows: readonly EngineRow[];
  /** Lines that were no event or were refused; counted from 1. */
  readonly refused: readonly { readonly line: number; readonly reason: RefusalReason }[];
  readonly ledger: LedgerCounts;
}

/** From bytes to final rows: decoder and engine as they work together, without a pipeline. */
export function feed(
  bytes: Uint8Array,
  options: {
    readonly rules: readonly RuleSettings[];
    /** Events of one batch. */
    readonly batch?: number;
    /** Seconds. */
    readonly outOfOrderness?: number;
  },
): Fed {
  const { rules, batch = 8_192, outOfOrderness = 0 } = options;
  const decoder = new Decoder({
    functions: aggregations.map(({ name }) => name),
    unit: "s",
    timeMin: epochMicros(-2_208_988_800_000_000),
    timeMax: epochMicros(7_258_118_400_000_000),
    seed: 77,
  });
  const engine = new Engine({
    rules,
    names: decoder.names,
    outOfOrderness: durationMicros(outOfOrderness * 1_000_000),
    idleTimeoutMs: Infinity,
    maxFuture: "off",
    dedupe: { for: durationMicros(0), idsMax: 1 },
    nowMs: 0,
  });
  const rows = new Map<string, EngineRow>();
  const refused: { line: number; reason: RefusalReason }[] = [];
  const input = inputOf(bytes, bytes.length);
  const columns = new EventColumns(batch);
  const keep = (fired: readonly EngineRow[]): void => {
    for (const row of fired) {
      rows.set(JSON.stringify([row.rule, row.name, row.agg_func, row.start]), row);
    }
  };
  while (input.at < input.end) {
    decoder.decode(input, columns, batch);
    for (const { line, reason } of columns.refusals) refused.push({ line: line + 1, reason });
    const arrival = { partition: "0", now: epochMicros(0), nowMs: 0 };
    for (const { index, reason } of engine.add(columns, arrival)) {
      refused.push({ line: columns.line[index]! + 1, reason });
    }
    columns.clear();
    columns.received = 0;
    keep(engine.collect());
  }
  engine.finish();
  keep(engine.collect());
  return { rows: [...rows.values()], refused, ledger: engine.ledger };
}
