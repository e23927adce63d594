import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfigError, type ConfigIssue, messageOf } from "../core/errors.ts";
import type { Settings, TlsFiles, TlsSettings } from "../core/settings.ts";

/**
 * Reads the files that `status.tls` names, and checks that they are what they should be and belong
 * together: a server would find that out at the first connection, or never.
 *
 * @throws {ConfigError} With everything that is wrong. Nothing of a key is shown.
 */
export function withTlsFiles(settings: Settings): Settings {
  const { tls } = settings.status;
  if (tls === undefined) return settings;
  const issues: ConfigIssue[] = [];
  const files = readFiles(tls, issues);
  if (files === undefined || issues.length > 0) throw new ConfigError(issues);
  return {
    ...settings,
    status: { ...settings.status, tls: { ...tls, files } },
    secrets: [...settings.secrets, files.key.trim()],
  };
}

function readFiles(tls: TlsSettings, issues: ConfigIssue[]): TlsFiles | undefined {
  const read = (option: "cert" | "key" | "clientCa"): string | undefined => {
    const path = tls[option];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, "utf8");
    } catch (failure) {
      issues.push({
        path: `status.tls.${option}`,
        message: `Cannot read "${path}": ${messageOf(failure)}`,
      });
      return undefined;
    }
  };
  const [cert, key, clientCa] = [read("cert"), read("key"), read("clientCa")];
  const certificate =
    cert === undefined ? undefined : certificateIn(cert, { tls, option: "cert", issues });
  if (clientCa !== undefined) certificateIn(clientCa, { tls, option: "clientCa", issues });
  const privateKey = key === undefined ? undefined : keyIn(key, { tls, issues });
  if (
    certificate !== undefined &&
    privateKey !== undefined &&
    !certificate.checkPrivateKey(privateKey)
  ) {
    issues.push({
      path: "status.tls.key",
      message: `Key in "${tls.key}" is not that of the certificate in "${tls.cert}"`,
    });
  }
  if (
    tls.clientCa === undefined &&
    (tls.clients.length > 0 || tls.clientCertificates === "required")
  ) {
    issues.push({
      path: "status.tls.clientCa",
      message: "is missing: without an authority no certificate of a client can be checked",
    });
  }
  return cert === undefined || key === undefined ? undefined : { cert, key, clientCa };
}

interface Place {
  readonly tls: TlsSettings;
  readonly option: "cert" | "clientCa";
  readonly issues: ConfigIssue[];
}

/** The first certificate of a file. */
function certificateIn(text: string, { tls, option, issues }: Place): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    const message = `Cannot use "${tls[option]}": it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`;
    issues.push({ path: `status.tls.${option}`, message });
    return undefined;
  }
}

function keyIn(
  text: string,
  { tls, issues }: Pick<Place, "tls" | "issues">,
): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    const message = `Cannot use "${tls.key}": it holds no private key in PEM without a passphrase`;
    issues.push({ path: "status.tls.key", message });
    return undefined;
  }
}
