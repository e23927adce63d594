// Takes events by POST. `naive` adds them up in memory and gives the rows at GET; `durable` does the same and
// answers when the events are on disk too; `drop` only reads the body, which shows what the client can send.
import { GroupFile } from "./group-file.ts";
import { NaiveCells } from "./naive-cells.ts";

const [mode] = process.argv.slice(2);
const cells = new NaiveCells();
const file = mode === "durable" ? await GroupFile.open("events.ndjson") : undefined;
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    if (request.method === "GET") return new Response(cells.rows());
    if (mode === "drop") {
      const body = await request.arrayBuffer();
      return Response.json({ accepted: body.byteLength });
    }
    const text = await request.text();
    const lines = text.split("\n");
    cells.addLines(lines);
    await file?.append(text);
    return Response.json({ accepted: lines.length });
  },
});
console.error(`listens at ${server.url.href.replace(/\/$/, "")}`);
