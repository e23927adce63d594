// Takes events by POST. `naive` adds them up in memory and gives the rows at /rows; `drop` only reads the
// body, which shows what the client can send.
import { NaiveCells } from "./naive-cells.ts";

const [mode] = process.argv.slice(2);
const cells = new NaiveCells();
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    if (request.method === "GET") return new Response(cells.rows());
    if (mode === "drop") {
      const body = await request.arrayBuffer();
      return Response.json({ accepted: body.byteLength });
    }
    const lines = (await request.text()).split("\n");
    cells.addLines(lines);
    return Response.json({ accepted: lines.length });
  },
});
console.error(`listens at ${server.url.href.replace(/\/$/, "")}`);
