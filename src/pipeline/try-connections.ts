import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { CALL_TIMEOUT_MS, OPEN_MS_MAX } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { Settings } from "../core/settings.ts";
import { within } from "../sinks/support/deadline.ts";
import type { Closable } from "./connection.ts";

/** A lineage that no state has. */
const NOBODY = "00000000-0000-8000-8000-000000000000";

/** Whether one part of a configuration can be reached. */
export interface PartCheck {
  /** `source` or `sink NAME`. */
  readonly part: string;
  /** Why not; undefined when all is well. */
  readonly problem: string | undefined;
}

/**
 * Opens the source and every sink once, side by side, and closes them again. Tables and topics that are
 * missing are made, as at a real start. Our own embedded bus needs no connection.
 */
export async function tryConnections(
  settings: Settings,
  context: { readonly clock: Clock; readonly logger: Logger; readonly generation: number },
): Promise<PartCheck[]> {
  const { clock, logger, generation } = context;
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const attempt = (part: string, open: () => Promise<Closable>): Promise<PartCheck> =>
    checkPart(part, { open, clock });
  const sinks = settings.sinks.map(({ name, definition, options }) =>
    attempt(`sink ${name}`, () => {
      // Epoch 0 is nobody's: whoever runs is not fenced by a look.
      const owner = { share: "0/1", lineage: NOBODY, epoch: 0 };
      const sink = { sink: name, pipeline: settings.name, owner, generation, clock, logger };
      return definition.open(options, sink, signal);
    }),
  );
  if (settings.bus.embedded) return await Promise.all(sinks);
  const { definition, options } = settings.source;
  const reading = { cursor: undefined, waitMsMax: 0, log: undefined, clock, logger };
  const source = attempt("source", async () => {
    const reader = await definition.open(options, reading, signal);
    // Some sources connect at the first read only. Nothing is acknowledged, so nothing is taken away.
    if (definition.replay(options) === "cursor")
      await reader.read(signal).catch((thrown: unknown) => closeAnd(reader, thrown));
    return reader;
  });
  return await Promise.all([source, ...sinks]);
}

async function checkPart(
  part: string,
  { open, clock }: { readonly open: () => Promise<Closable>; readonly clock: Clock },
): Promise<PartCheck> {
  const openAndClose = async (): Promise<void> => {
    const resource = await open();
    await resource.close();
  };
  try {
    // Longer than the signal allows: whoever heeds that says better what is wrong.
    const { signal } = new AbortController();
    const action = `Cannot reach the ${part}`;
    await within(openAndClose(), { action, ms: OPEN_MS_MAX, clock, signal });
    return { part, problem: undefined };
  } catch (failure) {
    return { part, problem: messageOf(failure) };
  }
}

async function closeAnd(reader: Closable, failure: unknown): Promise<never> {
  await reader.close();
  throw failure;
}
