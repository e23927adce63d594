import type { SourceSettings } from "../../core/settings.ts";
import type { EventBatch, SourceDefinition, SourceReader } from "../../core/source.ts";
import { stdin } from "../../sources/stdin.ts";

/** Where an event stands that came behind the input. */
export const EVENT_PLACE = "--event";

/**
 * An input and one more event behind it.
 *
 * @param input Undefined: the event is all that there is.
 */
export function withEvent(event: string, input: SourceSettings | undefined): SourceSettings {
  const definition: SourceDefinition<unknown> = {
    ...(input?.definition ?? stdin),
    async open(options, context, signal) {
      const reader = await input?.definition.open(options, context, signal);
      return readerWithEvent(event, reader);
    },
  };
  return { definition, options: input?.options };
}

function readerWithEvent(event: string, reader: SourceReader | undefined): SourceReader {
  let isTold = false;
  return {
    async read(signal) {
      const read = (await reader?.read(signal)) ?? { kind: "end" };
      if (read.kind !== "end" || isTold) return read;
      isTold = true;
      return { kind: "batch", batch: batchOf(event) };
    },
    ack: async () => undefined,
    close: async () => await reader?.close(),
  };
}

function batchOf(event: string): EventBatch {
  const bytes = new TextEncoder().encode(event);
  return {
    partition: "0",
    bytes,
    length: bytes.length,
    cursor: "",
    place: () => EVENT_PLACE,
    pending: undefined,
    refusals: [],
    gap: undefined,
  };
}
