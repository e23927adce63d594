import { expect, test } from "bun:test";
import { type ServerEvent, serverEvents } from "../../../src/cli/tap/server-events.ts";

async function read(pieces: readonly string[]): Promise<ServerEvent[]> {
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      controller.close();
    },
  });
  return await Array.fromAsync(serverEvents(stream));
}

test("serverEvents() reads events whatever the pieces, and keeps the id", async () => {
  const text =
    ": hello\n\nid: 1\nevent: row\ndata: {}\n\ndata: a\ndata: b\n\nid: 2\r\ndata:c\r\n\r\n";
  const wanted = [
    { id: "1", event: "row", data: "{}" },
    { id: "1", event: "message", data: "a\nb" },
    { id: "2", event: "message", data: "c" },
  ];
  expect(await read([text])).toEqual(wanted);
  expect(await read(text.split(""))).toEqual(wanted);
});

test("serverEvents() leaves out one that is not whole", async () => {
  expect(await read(["data: a\n\ndata: b\n"])).toEqual([{ id: "", event: "message", data: "a" }]);
});
