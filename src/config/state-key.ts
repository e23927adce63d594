import { readFileSync } from "node:fs";
import * as v from "valibot";
import { ConfigError, messageOf } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";

/** AES-256. */
const KEY_BYTES = 32;

const WISH = `must be ${KEY_BYTES} bytes as base64 (openssl rand -base64 ${KEY_BYTES}) or as hex`;

/** The key as a configuration writes it. */
export const keySchema = v.pipe(
  v.string(),
  v.check((text) => parseKey(text) !== undefined, WISH),
  v.metadata({ kind: "secret" }),
);

/**
 * A key of 32 bytes: base64 (also that of URLs, with or without its padding) or hex, with blanks around
 * it. Undefined: the text is none.
 *
 * @example
 * ```ts
 * parseKey("00".repeat(32))?.length; // => 32
 * ```
 */
export function parseKey(text: string): Uint8Array | undefined {
  const word = text.trim();
  if (/^[0-9a-f]{64}$/i.test(word)) return new Uint8Array(Buffer.from(word, "hex"));
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(word)) return undefined;
  return new Uint8Array(Buffer.from(word.replace(/-/g, "+").replace(/_/g, "/"), "base64"));
}

/**
 * Reads the key from the file that `state.keyFile` names: as text, or as its 32 bytes themselves.
 *
 * @param path Absolute.
 * @throws {ConfigError} It cannot be read, or holds no key. Nothing of what it holds is shown.
 */
export function withKeyOfFile(settings: Settings, path: string): Settings {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (failure) {
    throw fault(`Cannot read the key in "${path}": ${messageOf(failure)}`);
  }
  const text = new TextDecoder().decode(bytes);
  const key = parseKey(text) ?? (bytes.length === KEY_BYTES ? new Uint8Array(bytes) : undefined);
  if (key === undefined) throw fault(`Key in "${path}" ${WISH}, or those bytes themselves`);
  const secrets = parseKey(text) === undefined ? [] : [text.trim()];
  return {
    ...settings,
    state: { ...settings.state, key },
    secrets: [...settings.secrets, ...secrets],
  };
}

function fault(message: string): ConfigError {
  return new ConfigError([{ path: "state.keyFile", message }]);
}
