import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { vabusOptions } from "../../src/sources/vabus/options.ts";
import { readPem } from "../../src/sources/vabus/tls.ts";
import { vabus } from "../../src/sources/vabus.ts";
import { rejectionOf } from "../support/rejection.ts";
import { contextOf, forever, readLines } from "../support/source-reading.ts";

const openssl = Bun.which("openssl");
if (openssl === null && process.env["CI"] === "true") throw new Error("openssl is missing");

let folder: string;
let open: Bun.Server<undefined>;
/** Takes nobody without a certificate. */
let mutual: Bun.Server<undefined>;

const event = '{"name":"n","value":1,"timestamp":1}';

const at = (name: string): string => join(folder, name);

async function run(command: string): Promise<void> {
  const child = Bun.spawn(["openssl", ...command.split(" ")], { cwd: folder, stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`openssl ${command}: ${said}`);
}

/** An authority, and a server and a client that it knows. */
async function makeCertificates(): Promise<void> {
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  await run(`req -x509 ${key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority`);
  await writeFile(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  for (const name of ["server", "client"]) {
    await run(`req ${key} -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`);
    await run(
      `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out ${name}.pem ` +
        "-days 2 -extfile names",
    );
  }
}

// Without openssl there is nothing to make certificates with; CI has it.
describe.skipIf(openssl === null)("vabus, TLS", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vabus-tls-"));
    await makeCertificates();
    const [ca, cert, key] = await Promise.all(
      ["ca.pem", "server.pem", "server.key"].map((name) => readFile(at(name))),
    );
    const serve = (strict: boolean) =>
      Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        tls: { ca, cert, key, requestCert: strict, rejectUnauthorized: strict },
        fetch: (request) =>
          new Response(request.url.includes("after") ? "" : `${event}\n`, {
            headers: { "VaBus-Cursor": "1" },
          }),
      });
    open = serve(false);
    mutual = serve(true);
  });

  afterAll(async () => {
    await open.stop(true);
    await mutual.stop(true);
    await rm(folder, { recursive: true });
  });

  /** The first lines that a source with these files gets. */
  async function linesFrom(server: typeof open, files: object): Promise<string[] | undefined> {
    const options = v.parse(vabusOptions, { url: server.url.href, ...files });
    const reader = await vabus.open(options, contextOf(), forever);
    try {
      return (await readLines(reader, 1))[0]?.lines;
    } finally {
      await reader.close();
    }
  }

  test("an authority of our own is trusted when it is named, and only then", async () => {
    expect(await linesFrom(open, { ca: at("ca.pem") })).toEqual([event]);
    expect(await rejectionOf(linesFrom(open, {}))).toBeInstanceOf(TransientError);
  });

  test("our own certificate is shown to a bus that wants one", async () => {
    const files = { ca: at("ca.pem"), cert: at("client.pem"), key: at("client.key") };
    expect(await linesFrom(mutual, files)).toEqual([event]);
    const without = rejectionOf(linesFrom(mutual, { ca: at("ca.pem") }));
    expect(await without).toBeInstanceOf(TransientError);
  });
});

describe("readPem()", () => {
  test("says which file of whom it cannot read", () => {
    expect(readPem(undefined, "the certificate file")).toBeUndefined();
    const read = (): unknown => readPem("/nowhere/ca.pem", "metrics.otlp.ca");
    expect(read).toThrow(FatalError);
    expect(read).toThrow('Cannot read metrics.otlp.ca "/nowhere/ca.pem": ENOENT');
  });
});
