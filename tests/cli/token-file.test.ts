import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessKeptIn } from "../../src/cli/token-file.ts";
import { FatalError } from "../../src/core/errors.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "token-file-"));
  path = join(folder, "token");
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const start = (token?: string, host = "0.0.0.0") =>
  accessKeptIn({ folder, status: { host, token } });

test("a token that was made is shown once, kept as its hash, and opens at later starts", () => {
  const first = start();
  const [token, ...rest] = first.announce()!.split(" ");
  expect(rest.join(" ")).toBe("(shown this once)");
  const digest = createHash("sha256").update(token!).digest();
  expect(readFileSync(path, "utf8")).toBe(`sha256:${digest.toString("hex")}\n`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["token"]);

  const second = start();
  expect(second.access).toEqual({ mode: "token", origin: "kept", digest });
  expect(second.announce()).toBe(
    `as printed at the first start; to have a new one made, delete ${path}`,
  );
  rmSync(path);
  expect(start().announce()).toEndWith("(shown this once)");
});

test("a token that nobody saw is not kept", () => {
  start();
  expect(existsSync(path)).toBe(false);
});

test("a token of the settings wins, and loopback needs none: nothing is said or kept", () => {
  for (const kept of [start("t0ken"), start(undefined, "127.0.0.1")]) {
    expect(kept.announce()).toBeUndefined();
  }
  expect(readdirSync(folder)).toEqual([]);
});

test.each(["", "sha256:00\n", "t0ken\n"])("a file with %p is refused with what to do", (text) => {
  writeFileSync(path, text);
  expect(() => start()).toThrow(FatalError);
  expect(() => start()).toThrow("delete it to have a new token made");
});
