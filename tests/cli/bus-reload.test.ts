import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { once } from "node:events";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { installExecutable } from "../support/executable.ts";
import { configure } from "../support/service.ts";

// The first to need the executable builds it.
setDefaultTimeout(60_000);

const configOf = (token: string, more = ""): string => `
import { defineConfig } from "aggregator";

export default defineConfig({
  status: {
    host: "0.0.0.0",
    port: 0,
    tls: { cert: "server.pem", key: "server.key" },
    tokens: [{ name: "line-3", role: "ingest", token: "${token}" }],
  },
  ${more}
});
`;

describe.skipIf(!hasOpenssl)("aggregator bus", () => {
  test("takes other tokens and certificates at SIGHUP, and nothing of what is wrong", async () => {
    using authority = new Authority().sign("server").sign("renewed");
    await using aggregator = await installExecutable();
    const { folder } = aggregator;
    const use = async (name: string): Promise<void> => {
      await mkdir(folder, { recursive: true });
      await copyFile(authority.path(`${name}.pem`), join(folder, "server.pem"));
      await copyFile(authority.path(`${name}.key`), join(folder, "server.key"));
    };
    await use("server");
    await configure(aggregator, configOf("f1rst-t0ken"));
    const running = aggregator.spawn(["bus"]);
    const [, port] = await running.waitFor(/^The bus listens on https:\S+:(\d+) /m);
    const statusWith = async (token: string): Promise<number> => {
      const answer = await fetch(`https://localhost:${port}/events`, {
        headers: { authorization: `Bearer ${token}` },
        tls: { ca: authority.text("ca.pem") },
        keepalive: false,
      });
      return answer.status;
    };
    const shown = async (): Promise<unknown> => {
      const at = { port: Number(port), host: "127.0.0.1", rejectUnauthorized: false };
      const socket = connect(at);
      await once(socket, "secureConnect");
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    expect([await statusWith("f1rst-t0ken"), await statusWith("s3cond-t0ken")]).toEqual([204, 401]);
    expect(await shown()).toBe("server");

    await use("renewed");
    // What the bus does not use may be any other.
    await configure(aggregator, configOf("s3cond-t0ken", 'name: "other",'));
    process.kill(running.pid, "SIGHUP");
    await running.waitFor(/The configuration was reloaded/);
    expect([await statusWith("f1rst-t0ken"), await statusWith("s3cond-t0ken")]).toEqual([401, 204]);
    expect(await shown()).toBe("renewed");

    await configure(aggregator, configOf("th1rd-t0ken", "bus: { retention: 5 },"));
    process.kill(running.pid, "SIGHUP");
    await running.waitFor(/The configuration cannot be reloaded/);
    expect([await statusWith("s3cond-t0ken"), await statusWith("th1rd-t0ken")]).toEqual([204, 401]);
    const { code, stderr } = await running.stop();
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/f1rst|s3cond|th1rd/);
  });
});
