import type { SinkDefinition } from "../core/sink.ts";
import { kafka } from "./kafka.ts";
import { postgres } from "./postgres.ts";
import { sqlite } from "./sqlite.ts";
import { stdout } from "./stdout.ts";

/** Every sink kind, the embedded default first. */
export const sinks = [
  sqlite,
  postgres,
  kafka,
  stdout,
] as const satisfies readonly SinkDefinition<unknown>[];
