import { FatalError } from "../core/errors.ts";
import type { RefusalReason } from "../core/event.ts";
import type { ReplayOutcome } from "../pipeline/control.ts";
import type { PipelineStatus } from "../pipeline/view.ts";
import { askService } from "./ask-service.ts";
import { EXIT } from "./exit.ts";
import {
  type AddressOptions,
  addressOf,
  type ServiceAddress,
  strangerAt,
} from "./service-address.ts";

/** As long as a hundred thousand letters may take, with the source read in between. */
const REPLAY_MS_MAX = 120_000;

/** Which letters, as the service is told. */
export interface LetterSelection {
  readonly reason: RefusalReason | undefined;
  readonly through: number | undefined;
}

interface Options extends AddressOptions {
  readonly json: boolean;
}

/** Has a running service take dead letters back, and tells what became of them. */
export async function replayRunning(selection: LetterSelection, options: Options): Promise<0> {
  const { context, json } = options;
  const address = await serviceOf(options);
  // The shape of `/dead-letters/replay` is public.
  const outcome = (await askService({
    ...address,
    path: "/dead-letters/replay",
    post: selection,
    timeoutMs: REPLAY_MS_MAX,
  })) as ReplayOutcome;
  const { replayed, refused_again, left } = outcome;
  const { terminal } = context;
  if (json) {
    terminal.print(JSON.stringify(outcome));
    return EXIT.ok;
  }
  const again = refused_again === 0 ? "" : `, ${refused_again} of them refused again`;
  terminal.print(`${replayed} replayed${again}`);
  for (const { reason, count, why } of left) terminal.print(`${count} ${reason} left: ${why}`);
  return EXIT.ok;
}

/** Has a running service remove dead letters. */
export async function purgeRunning(
  selection: LetterSelection,
  options: Options & { readonly url: string },
): Promise<0> {
  const address = await serviceOf(options);
  const all = selection.through === undefined;
  const post = { ...selection, ...(all ? { all } : {}) };
  const answer = await askService({ ...address, path: "/dead-letters/purge", post });
  const { purged } = answer as { purged: number }; // its shape is public
  const { terminal } = options.context;
  terminal.print(options.json ? JSON.stringify({ purged }) : `${purged} removed`);
  return EXIT.ok;
}

/** @throws {FatalError} It does not run, or another one listens where it should. */
async function serviceOf(options: Options): Promise<ServiceAddress> {
  const address = await addressOf(options);
  if (address.name === undefined) return address;
  const advice = "Start it (aggregator run), or name its URL; what was refused is kept";
  let found: unknown;
  try {
    found = await askService({ ...address, path: "/status" });
  } catch (failure) {
    if (!(failure instanceof FatalError)) throw failure;
    throw new FatalError(`${failure.message}. ${advice}`, { cause: failure });
  }
  const stranger = strangerAt(address, (found as Partial<PipelineStatus>).name); // of whoever listens there
  if (stranger !== undefined) throw new FatalError(stranger);
  return address;
}
