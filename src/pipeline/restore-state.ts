import { functionNamed } from "../aggregations/named.ts";
import type { Logger } from "../core/logger.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * Goes on with what the state holds, and tells what of it cannot go on.
 *
 * @param options.former The pipeline that this process ran over the same state before.
 */
export function restoreState(
  { processor, store }: Pick<Pipeline, "processor" | "store">,
  { former: before, logger }: { readonly former: Pipeline | undefined; readonly logger: Logger },
): void {
  const former = before?.processor.engine.formerRules() ?? [];
  const options = { former, functionNamed };
  for (const { rule, windows } of processor.restore(store.pages(), options)) {
    const held = before?.processor.engine.rules.find(({ name }) => name === rule);
    logger.error("A rule is gone or means something else now; its open windows are given up.", {
      rule,
      windows: held?.windowCounts().open ?? windows,
    });
  }
  for (const { sink, rows } of store.outbox.strangers) {
    logger.error("Rows wait for a sink that is not configured; they are kept.", { sink, rows });
  }
}
