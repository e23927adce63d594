import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { parseKey } from "../../src/config/state-key.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { rejectionOf } from "../support/rejection.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => 250 - i);
const BASE64 = Buffer.from(KEY).toString("base64");
const HEX = Buffer.from(KEY).toString("hex");

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "state-key-"));
});

afterAll(() => rm(folder, { recursive: true }));

function resolve(input: unknown, env: Record<string, string> = {}) {
  return resolveConfig(input, { origin: "test", dir: folder, env });
}

function messageOf(input: unknown, env: Record<string, string> = {}): string {
  try {
    resolve(input, env);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
  return "";
}

describe("parseKey()", () => {
  test.each([
    BASE64,
    BASE64.replace("=", ""),
    Buffer.from(KEY).toString("base64url"),
    HEX,
    HEX.toUpperCase(),
    ` ${BASE64}\n`,
  ])("reads %j", (text) => {
    expect(parseKey(text)).toEqual(KEY);
  });

  test.each([
    "",
    "secret",
    HEX.slice(2),
    `${HEX}00`,
    BASE64.slice(4),
    `AAAA${BASE64}`,
    `g${HEX.slice(1)}`,
  ])("refuses %j", (text) => {
    expect(parseKey(text)).toBeUndefined();
  });
});

describe("state.key", () => {
  test("comes from the configuration, or from the environment, and is a secret", () => {
    expect(resolve({}).state.key).toBeUndefined();
    const settings = resolve({ state: { key: HEX } });
    expect(settings.state.key).toEqual(KEY);
    expect(settings.secrets).toContain(HEX);
    const fromEnv = resolve({}, { STATE_KEY: BASE64 });
    expect(fromEnv.state.key).toEqual(KEY);
    expect(fromEnv.secrets).toContain(BASE64);
    const other = resolve({ state: { key: HEX } }, { STATE_KEY: "theirs" });
    expect(other.ignoredVariables).toEqual(["STATE_KEY"]);
  });

  test("is refused in words that do not show it", () => {
    const wrong = `s3cret${HEX.repeat(3)}`;
    const wish = "***: must be 32 bytes as base64 (openssl rand -base64 32) or as hex";
    expect(messageOf({ state: { key: wrong } })).toBe(`state.key: ${wish}`);
    expect(messageOf({}, { STATE_KEY: wrong })).toBe(`STATE_KEY: ${wish}`);
    expect(messageOf({ state: { key: 7 } })).toBe("state.key: ***: must be a text");
    expect(messageOf({ state: { key: HEX, keyFile: "key" } })).toBe(
      "state.keyFile: must not be given beside state.key",
    );
  });
});

describe("state.keyFile", () => {
  async function load(bytes: string | Uint8Array, env: Record<string, string> = {}) {
    await writeFile(join(folder, "key"), bytes);
    const path = join(folder, "keyed.config.ts");
    await writeFile(path, 'export default { state: { keyFile: "key" } };');
    return await loadConfig({ path, cwd: folder, env });
  }

  test("holds the key as text or as it is, and makes STATE_KEY count for nothing", async () => {
    for (const content of [BASE64, `${HEX}\n`, KEY]) {
      const settings = await load(content, { STATE_KEY: "theirs" });
      expect(settings.state.key).toEqual(KEY);
      expect(settings.ignoredVariables).toEqual(["STATE_KEY"]);
    }
    expect((await load(`${HEX}\n`)).secrets).toContain(HEX);
  });

  test("that holds none, or is not there, is an error that shows nothing of it", async () => {
    const wrong = await rejectionOf(load("s3cret"));
    expect(wrong).toBeInstanceOf(ConfigError);
    expect(wrong.message).toContain("must be 32 bytes");
    expect(wrong.message).not.toContain("s3cret");
    await writeFile(join(folder, "lost.config.ts"), "export default {state:{keyFile:'no'}};");
    const missing = await rejectionOf(loadConfig({ path: "lost.config.ts", cwd: folder, env: {} }));
    expect(missing).toBeInstanceOf(ConfigError);
    expect(missing.message).toStartWith("state.keyFile: Cannot read the key in ");
  });
});
