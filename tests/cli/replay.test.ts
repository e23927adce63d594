import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A program of its own: what it does with its standard output is the question.

const program = join(import.meta.dir, "../../src/main.ts");

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "replay-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A shell in the folder, with the program as `"$0" "$1"`. */
function shell(line: string) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line, process.execPath, program], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** As many series, each with an event in the same window. */
function writeEvents(name: string, count: number): void {
  const event = (i: number) => `{"name":"n${i}","value":1,"timestamp":1700000000}\n`;
  writeFileSync(join(folder, name), Array.from({ length: count }, (_, i) => event(i)).join(""));
}

describe("aggregator replay", () => {
  test("ends quietly when whoever reads its rows has enough", () => {
    writeEvents("many.ndjson", 5_000);
    const line = `"$0" "$1" replay -i many.ndjson | head -n 1 | wc -l; echo "\${PIPESTATUS[0]}"`;
    expect(shell(line)).toEqual({ status: 0, stdout: "1\n0\n", stderr: "" });
  });

  test.each(["--output", "--dead-letters"])("says what it cannot write with %s", (option) => {
    writeEvents("one.ndjson", 1);
    const { status, stdout, stderr } = shell(`"$0" "$1" replay -i one.ndjson ${option} no/x`);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toStartWith(`aggregator: Cannot write "${join(folder, "no/x")}": ENOENT`);
    expect(stderr.trim()).not.toContain("\n");
  });

  test.skipIf(!existsSync("/dev/full"))("says which output is full", () => {
    writeFileSync(join(folder, "one.ndjson"), '{"name":"a","value":1,"timestamp":1}\nbad\n');
    for (const [rest, place] of [
      ["--output /dev/full", ' "/dev/full"'],
      ["--dead-letters /dev/full", ' "/dev/full"'],
      ["> /dev/full", " to standard output"],
    ]) {
      const { status, stderr } = shell(`"$0" "$1" replay -i one.ndjson ${rest}`);
      expect(status).toBe(1);
      expect(stderr).toStartWith(`aggregator: Cannot write${place}: ENOSPC`);
    }
  });
});
