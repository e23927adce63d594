import { expect, spyOn, test } from "bun:test";
import { StreamReader } from "../../src/sources/streams/stream-reader.ts";
import { contextOf, forever, seen } from "../support/source-reading.ts";

test("StreamReader waits for a chunk once, however many reads end without it", async () => {
  const chunk = Promise.withResolvers<IteratorResult<Uint8Array>>();
  // Each wait for a promise that stays pending is memory that it holds.
  const waits = spyOn(chunk.promise, "then");
  const reader = new StreamReader({
    chunks: { next: () => chunk.promise },
    skip: 0,
    atEnd: "end",
    context: contextOf({ waitMsMax: 1 }),
    fail: (thrown) => thrown as Error,
    release: () => {},
  });
  for (let read = 0; read < 20; read++) expect(seen(await reader.read(forever))).toBe("empty");
  chunk.resolve({ done: false, value: new TextEncoder().encode("a\n") });
  expect(seen(await reader.read(forever))).toMatchObject({ lines: ["a"] });
  expect(waits).toHaveBeenCalledTimes(1);
  await reader.close();
});
