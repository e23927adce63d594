// Publishes a file by POST: http-client.ts URL FILE EVENTS_PER_REQUEST CONNECTIONS. Each connection sends its
// next request when the last was answered. Writes HTTP itself, so that the client costs little.
import { readFileSync } from "node:fs";

const [target, file, perRequest, connections] = process.argv.slice(2);
const url = new URL(target!);
const bodies = cut(readFileSync(file!), Number(perRequest));
const latencies = new Float64Array(bodies.length);
let next = 0;
let answered = 0;
let refusals = 0;

const start = performance.now();
await Promise.all(Array.from({ length: Number(connections) }, connect));
const seconds = (performance.now() - start) / 1000;
if (answered !== bodies.length) throw new Error(`${answered} of ${bodies.length} were answered`);
latencies.sort();
const percentile = (p: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(p * latencies.length))]!;
console.log(
  JSON.stringify({
    seconds,
    requests: bodies.length,
    refusals,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
  }),
);

function cut(bytes: Buffer, lines: number): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    count++;
    if (count % lines !== 0) continue;
    parts.push(bytes.subarray(from, at + 1));
    from = at + 1;
  }
  if (from < bytes.length) parts.push(bytes.subarray(from));
  return parts;
}

/** One connection, until no body is left. */
async function connect(): Promise<void> {
  let rest: Buffer[] = [];
  let current = -1;
  let sentAt = 0;
  let answer = "";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const flush = (socket: Bun.Socket): void => {
    while (rest.length > 0) {
      const written = socket.write(rest[0]!);
      if (written < rest[0]!.length) {
        rest[0] = rest[0]!.subarray(Math.max(0, written));
        return; // the rest when it drains
      }
      rest.shift();
    }
  };
  const send = (socket: Bun.Socket, body: number): void => {
    const bytes = bodies[body]!;
    const head =
      `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n` +
      `Content-Type: application/x-ndjson\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    current = body;
    answer = "";
    rest = [Buffer.from(head), bytes];
    flush(socket);
  };
  const sendNext = (socket: Bun.Socket): void => {
    if (next >= bodies.length) {
      resolve();
      socket.end();
      return;
    }
    sentAt = performance.now();
    send(socket, next++);
  };
  await Bun.connect({
    hostname: url.hostname,
    port: Number(url.port),
    socket: {
      open: sendNext,
      drain: flush,
      data(socket, chunk) {
        answer += chunk.toString("latin1");
        const status = statusOf(answer);
        if (status === undefined) return;
        if (status === 503) {
          // Full: the same again, and the waiting counts as latency.
          refusals++;
          setTimeout(() => send(socket, current), 100);
        } else if (status < 200 || status > 299) {
          reject(new Error(`Request ${current} was answered ${answer.slice(0, 500)}`));
        } else {
          latencies[current] = performance.now() - sentAt;
          answered++;
          sendNext(socket);
        }
      },
      error: (_, error) => reject(error),
      close: () => reject(new Error("The server closed the connection")), // nothing when all is done
    },
  });
  await promise;
}

/** The status of an answer that is whole; undefined: more is to come. */
function statusOf(text: string): number | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without a length: ${head}`);
  if (text.length < end + 4 + Number(length)) return undefined;
  return Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
}
