import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsFiles, TlsSettings } from "../../src/core/settings.ts";

/** Whether certificates can be made here: CI always has what it takes. */
export const hasOpenssl = Bun.which("openssl") !== null || process.env["CI"] === "true";

const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/** An authority in a folder, and what it signs. */
export class Authority implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "certificates-"));

  constructor() {
    this.#run(`req -x509 ${NEW_KEY} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority`);
    writeFileSync(join(this.folder, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  }

  /** Makes `NAME.pem` and `NAME.key`, for localhost. */
  sign(name: string): this {
    this.#run(`req ${NEW_KEY} -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`);
    this.#run(
      `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out ${name}.pem -days 2 -extfile names`,
    );
    return this;
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  text(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  /** Settings of a server that shows the certificate of a name, and asks its clients for none. */
  tls(name: string): TlsSettings & { readonly files: TlsFiles } {
    const clientCa = undefined;
    const files = { cert: this.text(`${name}.pem`), key: this.text(`${name}.key`), clientCa };
    return { cert: "", key: "", clientCa, clientCertificates: "optional", clients: [], files };
  }

  /** SHA-256, as openssl writes it. */
  fingerprint(name: string): string {
    return new X509Certificate(this.text(`${name}.pem`)).fingerprint256;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(command: string): void {
    const { status, stderr } = spawnSync("openssl", command.split(" "), { cwd: this.folder });
    if (status !== 0) throw new Error(`openssl ${command}: ${String(stderr)}`);
  }
}
