/** What the bus answers to one request for events: a batch, a status, or no connection for a while. */
export type Answer =
  | { readonly events: readonly object[] }
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly refuseForMs: number };

export interface SlowBus {
  readonly url: string;
  /** When each request for events came, in milliseconds since the start, and what it was answered. */
  readonly requests: { readonly atMs: number; readonly answer: string }[];
  /** How long the connections were refused for, once they were. */
  stop(): Promise<void>;
}

/**
 * A bus that answers by a script, then 204 at once for ever. A reader that asks again with the cursor of
 * an earlier answer gets nothing twice: the script goes on.
 */
export function startSlowBus(script: readonly Answer[]): SlowBus {
  const left = [...script];
  const requests: { atMs: number; answer: string }[] = [];
  const startMs = performance.now();
  let cursor = 0;
  const fetch = (request: Request): Response => {
    if (!new URL(request.url).pathname.endsWith("/events"))
      return new Response(null, { status: 202 });
    const next = left.shift() ?? { status: 204 };
    const atMs = performance.now() - startMs;
    if ("refuseForMs" in next) {
      requests.push({ atMs, answer: "refused" });
      refuse(next.refuseForMs);
      return new Response(null, { status: 503 });
    }
    if ("events" in next) cursor += next.events.length;
    const headers = { "VaBus-Cursor": String(cursor), "VaBus-Pending": "0" };
    if ("events" in next) {
      requests.push({ atMs, answer: "200" });
      return new Response(next.events.map((event) => `${JSON.stringify(event)}\n`).join(""), {
        headers,
      });
    }
    requests.push({ atMs, answer: String(next.status) });
    const body = next.status === 204 ? null : "";
    return new Response(body, { status: next.status, headers: { ...headers, ...next.headers } });
  };
  let server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  const { port } = server;
  let returning: Timer | undefined;
  const refuse = (ms: number): void => {
    void server.stop(true);
    returning = setTimeout(() => {
      server = Bun.serve({ port: port!, hostname: "127.0.0.1", fetch });
    }, ms);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async stop() {
      clearTimeout(returning);
      await server.stop(true);
    },
  };
}
