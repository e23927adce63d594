import { X509Certificate } from "node:crypto";
import { loadConfig } from "../config/load.ts";
import { FatalError } from "../core/errors.ts";
import type { RefusalReason } from "../core/event.ts";
import type { StatusSettings } from "../core/settings.ts";
import type { ReplayOutcome } from "../pipeline/control.ts";
import type { PipelineStatus } from "../pipeline/view.ts";
import type { TlsFiles } from "../sources/vabus/tls.ts";
import { askService } from "./ask-service.ts";
import type { CommandContext } from "./command.ts";
import { type Connection, type ConnectionValues, connectionOf } from "./connection.ts";
import { EXIT } from "./exit.ts";
import { serviceUrl } from "./service-url.ts";

/** As long as a hundred thousand letters may take, with the source read in between. */
const REPLAY_MS_MAX = 120_000;

/** Which letters, as the service is told. */
export interface LetterSelection {
  readonly reason: RefusalReason | undefined;
  readonly through: number | undefined;
}

interface Options {
  /** The service that was named; undefined: that of the configuration. */
  readonly url: string | undefined;
  readonly config: string | undefined;
  readonly json: boolean;
  /** How it is reached; absent: as the environment says. */
  readonly connection?: ConnectionValues;
  readonly context: CommandContext;
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

/** Where a service is asked. */
export interface ServiceAddress extends Connection {
  readonly base: string;
  /** What the service there must be called; undefined: its URL was named, so it is the right one. */
  readonly name: string | undefined;
}

/**
 * Where the service is that a command was told of: by its URL, or by the configuration.
 *
 * @throws {FatalError} The configuration names no port.
 */
export async function addressOf(
  options: Pick<Options, "url" | "config" | "connection" | "context">,
): Promise<ServiceAddress> {
  const { url, config, connection = {}, context } = options;
  const { terminal, env, cwd } = context;
  const given = connectionOf(connection, context);
  if (url !== undefined) return { base: url, ...given, name: undefined };
  const settings = await loadConfig({ path: config, cwd, env });
  terminal.hide(settings.secrets);
  const { name, status } = settings;
  if (status.port === 0) {
    throw new FatalError("The configuration names no port of the service: name its URL");
  }
  const base = serviceUrl(status.host, status.port, status.tls === undefined ? "http" : "https");
  const token = given.token ?? status.token ?? operatorIn(status);
  return { base, tls: ownAuthority(status), ...given, token, name };
}

/** Of the further tokens, one that may do whatever is asked for. */
function operatorIn({ tokens = [] }: StatusSettings): string | undefined {
  return tokens.find(({ role }) => role === "operator")?.token;
}

/** A certificate that nobody else signed is known here: it stands in the configuration. */
function ownAuthority({ tls }: StatusSettings): TlsFiles | undefined {
  const cert = tls?.files?.cert;
  if (cert === undefined) return undefined;
  const certificate = new X509Certificate(cert);
  if (!certificate.checkIssued(certificate)) return undefined;
  return { ca: cert, cert: undefined, key: undefined };
}

async function serviceOf(options: Options): Promise<ServiceAddress> {
  const address = await addressOf(options);
  if (address.name !== undefined) await checkOwn(address);
  return address;
}

/** @throws {FatalError} It does not run, or another one listens where it should. */
async function checkOwn(address: ServiceAddress): Promise<void> {
  const { base, name } = address;
  const advice = "Start it (aggregator run), or name its URL; what was refused is kept";
  let found: unknown;
  try {
    found = await askService({ ...address, path: "/status" });
  } catch (failure) {
    if (!(failure instanceof FatalError)) throw failure;
    throw new FatalError(`${failure.message}. ${advice}`, { cause: failure });
  }
  const other = (found as Partial<PipelineStatus>).name; // of whoever listens there
  if (other === name) return;
  throw new FatalError(`At ${base} runs "${other}", not "${name}": name the URL of the right one`);
}
