import type { SourceSettings } from "../../src/core/settings.ts";
import type { EventBatch, SourceContext, SourceRead, SourceReader } from "../../src/core/source.ts";
import { defineSource } from "../../src/core/source.ts";

/**
 * One answer of a {@link scriptedSource}: a read, at once or later, a failure to throw, or `wait`: nothing,
 * as `empty` after the wait.
 */
export type Step = SourceRead | Promise<SourceRead> | Error | "wait";

/** A batch of lines, for a source that is made up. */
export function batchOf(
  lines: readonly (object | string)[],
  more: Partial<EventBatch> = {},
): EventBatch {
  const text = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  const bytes = new TextEncoder().encode(text.join(""));
  return {
    partition: "0",
    bytes,
    length: bytes.length,
    cursor: "0",
    place: (line) => `line ${line + 1}`,
    pending: 0,
    refusals: [],
    gap: undefined,
    ...more,
  };
}

/**
 * A source that answers by a script, whatever cursor it is opened at; then it is empty for ever. What
 * the pipeline asked of it is told in `opened` and `acked`.
 */
export function scriptedSource(
  steps: readonly Step[],
  /** What the next acknowledgements fail with. */
  ackFailures: Error[] = [],
): {
  settings: SourceSettings;
  opened: (string | undefined)[];
  acked: string[];
} {
  const left = [...steps];
  const opened: (string | undefined)[] = [];
  const acked: string[] = [];
  const definition = defineSource<Record<string, never>, Record<string, never>>({
    name: "scripted",
    summary: "Answers by a script.",
    replay: () => "cursor",
    carriesMetrics: true,
    options: { "~standard": { version: 1, vendor: "test" } },
    example: {},
    describe: () => "a script",
    async open(_options, context) {
      opened.push(context.cursor);
      const [step] = left;
      if (step instanceof Error && step.message.startsWith("open:")) {
        void left.shift();
        throw step;
      }
      return new ScriptedReader({ left, acked, ackFailures, context });
    },
  });
  return { settings: { definition, options: {} }, opened, acked };
}

interface ReaderParts {
  readonly left: Step[];
  readonly acked: string[];
  readonly ackFailures: Error[];
  readonly context: SourceContext;
}

class ScriptedReader implements SourceReader {
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  async read(signal: AbortSignal): Promise<SourceRead> {
    const { left, context } = this.#parts;
    const step = left.shift() ?? "wait";
    if (step instanceof Error) throw step;
    if (step !== "wait") return step;
    await context.clock.sleep(context.waitMsMax, signal);
    signal.throwIfAborted();
    return { kind: "empty" };
  }

  async ack(cursor: string): Promise<void> {
    const failure = this.#parts.ackFailures.shift();
    if (failure !== undefined) throw failure;
    this.#parts.acked.push(cursor);
  }

  async close(): Promise<void> {}
}
