import { expect, test } from "bun:test";
import { askService } from "../../src/cli/ask-service.ts";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { rejectionOf } from "../support/rejection.ts";

test.skipIf(!hasOpenssl)("says what to do about a certificate that is not believed", async () => {
  using authority = new Authority().sign("server");
  const tls = { cert: authority.text("server.pem"), key: authority.text("server.key") };
  // It is for localhost and 127.0.0.1.
  using service = Bun.serve({ port: 0, hostname: "0.0.0.0", tls, fetch: () => Response.json({}) });
  const ask = (host: string, ca: string | undefined): Promise<unknown> =>
    askService({
      base: `https://${host}:${service.port}`,
      path: "/ledger",
      token: undefined,
      tls: { ca, cert: undefined, key: undefined },
    });
  const ca = authority.text("ca.pem");
  expect(await ask("127.0.0.1", ca)).toEqual({});
  expect((await rejectionOf(ask("127.0.0.1", undefined))).message).toContain("--ca names the file");
  expect((await rejectionOf(ask("127.0.0.2", ca))).message).toContain(
    "its certificate is for other names",
  );
});
