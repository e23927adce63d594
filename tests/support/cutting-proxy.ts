import { connect, createServer, type Socket } from "node:net";

/** A road to a server that breaks at a chosen moment. */
export interface CuttingProxy {
  readonly port: number;
  /**
   * Waits for the next request that `isIt`, then cuts every connection: before the server sees it, or once
   * the server has answered and before the client hears of it.
   */
  cutAt(isIt: (request: Buffer) => boolean, when: "before" | "after"): void;
  /** How often it was cut. */
  readonly cuts: number;
  close(): Promise<void>;
}

/** @param options.answer What the client is told instead of the server's answer. */
export async function startCuttingProxy(
  target: number,
  options: { answer?: (bytes: Buffer, port: number) => Buffer } = {},
): Promise<CuttingProxy> {
  let plan: { isIt: (request: Buffer) => boolean; when: "before" | "after" } | undefined;
  let cuts = 0;
  const sockets = new Set<Socket>();
  function cut(): void {
    cuts++;
    for (const socket of sockets) socket.destroy();
  }

  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    let answered = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes: Buffer) => {
      if (plan?.isIt(bytes) === true) {
        const { when } = plan;
        plan = undefined;
        if (when === "before") return cut();
        answered = true;
      }
      upstream.write(bytes);
    });
    upstream.on("data", (bytes: Buffer) => {
      if (answered) return cut();
      client.write(options.answer?.(bytes, port) ?? bytes);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  // A TCP server has an address object.
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    cutAt(isIt, when) {
      plan = { isIt, when };
    },
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
