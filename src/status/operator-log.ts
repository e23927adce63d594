import type { Context } from "hono";
import { messageOf } from "../core/errors.ts";
import type { LogFields, Logger } from "../core/logger.ts";
import { redact } from "../core/redact.ts";
import type { ServiceControl } from "../pipeline/control.ts";
import { askerOf } from "./access/identity.ts";

/** What the routes of operators work with. */
export interface OperatorOptions {
  /** What an operator may do; undefined: nothing. */
  readonly control: ServiceControl | undefined;
  readonly logger: Logger;
  readonly secrets: readonly string[];
}

/** Says in the log who asked for something that is done now. @param fields What that was. */
export function logDone(c: Context, { logger }: OperatorOptions, fields: LogFields): void {
  logger.info("An operator asked over HTTP, and it is done.", { ...fields, ...askerOf(c) });
}

/**
 * Says in the log who asked for something that cannot be done.
 *
 * @returns Why, without secrets: for the answer, too.
 */
export function logFailed(
  c: Context,
  { logger, secrets }: OperatorOptions,
  { failure, ...fields }: LogFields & { readonly failure: unknown },
): string {
  const error = redact(messageOf(failure), secrets);
  logger.warn("An operator asked over HTTP, and it cannot be done.", {
    ...fields,
    error,
    ...askerOf(c),
  });
  return error;
}
