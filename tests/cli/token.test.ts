import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeptTokens } from "../../src/cli/kept-tokens.ts";
import { main } from "../../src/cli/main.ts";
import { digestOf, findToken } from "../../src/status/access/token-entry.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "token-"));
});

afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

async function call(line: string) {
  const { terminal, written } = captureTerminal();
  const code = await main(["token", ...line.split(" ")], { terminal, env: {}, cwd });
  return { code, ...written };
}

const kept = () => new KeptTokens(join(cwd, "aggregator-data")).read() ?? [];

describe("token", () => {
  test("make prints the token alone on stdout, once, and keeps its hash for its user alone", async () => {
    const { code, stdout, stderr } = await call("make grafana --role viewer --expires 90d");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\w[\w-]{42}\n$/);
    expect(stderr).toBe('This is shown once: the token of "grafana", viewer\n');
    const made = findToken(kept(), digestOf(stdout.trim()));
    expect(made).toMatchObject({ name: "grafana", role: "viewer" });
    expect((made!.expiresAtMs! - Date.now()) / 86_400_000).toBeCloseTo(90, 2);
    const path = join(cwd, "aggregator-data/tokens.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(cwd, "aggregator-data")).mode & 0o777).toBe(0o700);
    expect(readFileSync(path, "utf8")).not.toContain(stdout.trim());
  });

  test("list shows them without tokens, and which expired", async () => {
    await call("make line-3 --role ingest");
    await call("make shift --role operator --expires 2100-01-31T00:00:00Z");
    new KeptTokens(join(cwd, "aggregator-data")).change((tokens) => [
      ...tokens,
      {
        name: "old",
        role: "viewer",
        digest: digestOf("x"),
        expiresAtMs: 0,
        madeAtMs: 0,
        madeBy: "start",
      },
    ]);
    const { stdout } = await call("list");
    expect(
      stdout
        .replace(/20\d\d-\d\d-\d\dT\d\d:\d\dZ/, "NOW")
        .split("\n")
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ["NAME", "ROLE", "MADE", "EXPIRES"],
      ["line-3", "ingest", "NOW", "never"],
      ["shift", "operator", expect.any(String), "2100-01-31T00:00Z"],
      ["old", "viewer", "1970-01-01T00:00Z", "1970-01-01T00:00Z (expired)"],
      [""],
    ]);
    const { tokens } = JSON.parse((await call("list --json")).stdout) as { tokens: object[] };
    expect(tokens[2]).toEqual({
      name: "old",
      role: "viewer",
      made_at: 0,
      made_by: "start",
      expires_at: 0,
    });
  });

  test("revoke takes one away, and knows what is meant", async () => {
    await call("make grafana --role viewer");
    await call("make shift --role operator");
    const misspelt = await call("revoke grafan");
    expect(misspelt.code).toBe(1);
    expect(misspelt.stderr).toContain('did you mean "grafana"?');
    expect((await call("revoke grafana")).stdout).toBe('"grafana" is revoked\n');
    expect(kept().map(({ name }) => name)).toEqual(["shift"]);
  });

  test("to look, and to revoke what is not there, makes no folder", async () => {
    expect((await call("list")).stderr).toContain("No tokens are kept here");
    const { code, stderr } = await call("revoke grafana");
    expect(code).toBe(1);
    expect(stderr).toContain('No token "grafana" is kept in');
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "what root makes is for the owner of the folder around it",
    async () => {
      chownSync(cwd, 4711, 4712);
      new KeptTokens(join(cwd, "a/b")).makeFolder();
      const made = [join(cwd, "a"), join(cwd, "a/b")].map((path) => statSync(path));
      expect(made.map(({ uid, gid }) => [uid, gid])).toEqual([
        [4711, 4712],
        [4711, 4712],
      ]);
      chownSync(cwd, 0, 0);
      new KeptTokens(join(cwd, "a/b")).makeFolder();
      expect(statSync(join(cwd, "a/b")).uid).toBe(4711);
    },
  );

  test("a folder that cannot be made is told with its name", async () => {
    writeFileSync(join(cwd, "aggregator-data"), "a file");
    const { code, stderr } = await call("make x --role viewer");
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot keep tokens in");
    expect(stderr).toContain("aggregator-data");
  });

  test("a name is there once", async () => {
    await call("make grafana --role viewer");
    const again = await call("make grafana --role operator");
    expect([again.code, again.stdout]).toEqual([1, ""]);
    expect(again.stderr).toContain("is there already");
    expect(kept()).toHaveLength(1);
    expect(existsSync(join(cwd, "aggregator-data/tokens.json.new"))).toBe(false);
  });

  test.each([
    ["make", "Missing argument NAME"],
    ["make x", "Missing option --role: must be one of viewer, operator, ingest"],
    ["make x --role vewer", "did you mean viewer?"],
    ["make -x --role viewer", "Unknown option"],
    ["make /x --role viewer", 'Cannot take "/x" for a name'],
    ["make x --role viewer --expires soon", 'Cannot take "soon" for --expires'],
    ["make x --role viewer --expires 2020-01-01", 'Cannot take "2020-01-01" for --expires'],
    ["list x", 'Unexpected argument "x"'],
    ["revke x", "did you mean revoke?"],
  ])("%s is refused with what is wanted", async (line, error) => {
    const { code, stderr } = await call(line);
    expect(code).toBe(2);
    expect(stderr).toContain(error);
    expect(existsSync(join(cwd, "aggregator-data/tokens.json"))).toBe(false);
  });

  test("who comes while another changes them waits, and nothing is lost", async () => {
    const names = ["a", "b", "c", "d"];
    const script = `
      import { KeptTokens } from ${JSON.stringify(join(import.meta.dir, "../../src/cli/kept-tokens.ts"))};
      const kept = new KeptTokens(process.argv[1]);
      for (let i = 0; i < 10; i++) {
        const entry = { name: process.argv[2] + i, role: "viewer", digest: new Uint8Array(32), madeBy: "command" };
        kept.change((tokens) => [...tokens, entry]);
      }`;
    const codes = names.map(
      (name) =>
        Bun.spawn([process.execPath, "-e", script, cwd, name], { stderr: "inherit" }).exited,
    );
    expect(await Promise.all(codes)).toEqual([0, 0, 0, 0]);
    expect(new KeptTokens(cwd).read()).toHaveLength(40);
  });

  test("what a crash left behind is in the way of nobody for long", async () => {
    const unfinished = join(cwd, "tokens.json.new");
    writeFileSync(unfinished, "half");
    const line = `make a --role viewer --dir ${cwd}`;
    expect((await call(line)).stderr).toContain("another command is at it, or was killed at it");
    utimesSync(unfinished, 0, 0);
    expect((await call(line)).code).toBe(0);
    expect(new KeptTokens(cwd).read()).toHaveLength(1);
  });

  test("a folder that is not there is no place for tokens", async () => {
    const { code, stderr } = await call("make x --role ingest --dir nowhere");
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot find the folder");
  });
});
