// A bus that costs nothing: pages of a file out of memory, page-bus.ts FILE EVENTS_PER_PAGE END_OF_STREAM. The
// cursor is the number of a page; behind the last one an answer waits, as that of a bus does.
import { readFileSync } from "node:fs";

const [file, perPage, end] = process.argv.slice(2);
const pages = [...cut(readFileSync(file!), Number(perPage)), Buffer.from(end!)];
let firstAskedMs: number | undefined;
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 60,
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/asked") return Response.json({ firstAskedMs });
    firstAskedMs ??= performance.timeOrigin + performance.now();
    const page = Number(searchParams.get("after") ?? 0);
    const isOver = page >= pages.length;
    if (isOver) await Bun.sleep(Number(searchParams.get("wait") ?? 0) * 1000);
    const headers = {
      "VaBus-Cursor": String(isOver ? page : page + 1),
      "VaBus-Pending": String(Math.max(0, pages.length - page - 1)),
      "Content-Type": "application/x-ndjson",
    };
    return new Response(isOver ? null : pages[page], { status: isOver ? 204 : 200, headers });
  },
});
console.error(`listens at ${server.url.href.replace(/\/$/, "")}`);

function cut(bytes: Buffer, lines: number): Buffer<ArrayBuffer>[] {
  const parts: Buffer<ArrayBuffer>[] = [];
  let from = 0;
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    count++;
    if (count % lines !== 0) continue;
    parts.push(Buffer.from(bytes.subarray(from, at + 1)));
    from = at + 1;
  }
  if (from < bytes.length) parts.push(Buffer.from(bytes.subarray(from)));
  return parts;
}
