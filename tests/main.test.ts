import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };

const root = join(import.meta.dir, "..");

test.each([
  ["Bun", [process.execPath, "src/main.ts"]],
  ["Deno", [join(root, "node_modules/.bin/deno"), "run", "-A", "src/main.ts"]],
])("the program runs on %s", (_, [program, ...args]) => {
  const version = spawnSync(program!, [...args, "--version"], { cwd: root, encoding: "utf8" });
  expect(version.stderr).toBe("");
  expect(version.stdout).toBe(`${manifest.version}\n`);
  expect(version.status).toBe(0);
  const wrong = spawnSync(program!, [...args, "--nonsense"], { cwd: root, encoding: "utf8" });
  expect(wrong.stdout).toBe("");
  expect(wrong.stderr).toStartWith("aggregator: Unknown option --nonsense\n");
  expect(wrong.status).toBe(2);
});

test("the program survives a reader that goes away", () => {
  // The pipe breaks before the program has started: `true` reads nothing.
  const { stdout, stderr } = spawnSync(
    "bash",
    ["-c", `"$0" src/main.ts --help | true; echo "\${PIPESTATUS[0]}"`, process.execPath],
    { cwd: root, encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(stdout).toBe("0\n");
});
