import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/core/logger.ts";
import type { SourceReader } from "../../src/core/source.ts";
import { journaled } from "../../src/pipeline/journaled-source.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { openJournal } from "../../src/state/journal.ts";
import { batchOf, type Step, scriptedSource } from "../support/scripted-source.ts";

const signal = new AbortController().signal;
const refusal = { reason: "too_large", detail: "large", event: "x", at: "here" } as const;

async function withJournal(
  use: (
    open: (steps: readonly Step[], cursor?: string) => Promise<SourceReader>,
    acked: string[],
  ) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "journaled-"));
  const journal = await openJournal({
    folder,
    clock: realClock,
    logger: silentLogger,
    bytesMax: 1e6,
    retentionMs: 0,
    reader: "in-process",
  });
  const acked: string[] = [];
  try {
    await use(async (steps, cursor) => {
      const source = scriptedSource(steps);
      const { definition, options } = journaled(source.settings, journal);
      const context = {
        cursor,
        waitMsMax: 0,
        log: undefined,
        clock: realClock,
        logger: silentLogger,
      };
      const reader = await definition.open(options, context, signal);
      const read = reader.read.bind(reader);
      reader.read = async (one) => {
        const result = await read(one);
        acked.push(...source.acked.splice(0));
        return result;
      };
      return reader;
    }, acked);
  } finally {
    await journal.close();
    await rm(folder, { recursive: true });
  }
}

async function textOf(reader: SourceReader): Promise<{ text: string; cursor: string } | string> {
  const read = await reader.read(signal);
  if (read.kind !== "batch") return read.kind;
  const { bytes, length, cursor } = read.batch;
  return { text: new TextDecoder().decode(bytes.subarray(0, length)), cursor };
}

test("journaled() acknowledges what is on disk, and gives it again until it is committed", async () => {
  await withJournal(async (open, acked) => {
    const first = await open([
      { kind: "batch", batch: batchOf(["a", "b"], { cursor: "handed-1" }) },
      { kind: "batch", batch: batchOf(["c"], { cursor: "handed-2" }) },
    ]);
    expect(await textOf(first)).toEqual({ text: "a\nb\n", cursor: "2" });
    expect(acked).toEqual(["handed-1"]);
    expect(await textOf(first)).toEqual({ text: "c\n", cursor: "3" });
    await first.close();
    // Nothing but the first batch was committed when the process died.
    const second = await open([], "2");
    expect(await textOf(second)).toEqual({ text: "c\n", cursor: "3" });
    expect(await textOf(second)).toBe("empty");
    await second.close();
  });
});

test("journaled() hands on what the source refused, and keeps the cursor of the journal", async () => {
  await withJournal(async (open) => {
    const reader = await open([
      { kind: "batch", batch: batchOf(["a"]) },
      { kind: "batch", batch: batchOf([], { refusals: [refusal] }) },
      { kind: "end" },
    ]);
    await reader.read(signal);
    const read = await reader.read(signal);
    expect(read).toMatchObject({
      kind: "batch",
      batch: { length: 0, cursor: "1", refusals: [refusal] },
    });
    expect(await textOf(reader)).toBe("end");
    await reader.close();
  });
});
