import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

describe("a start loads", () => {
  /** The packages that are loaded with the executable: what `import()` names waits until it is needed. */
  function loadedAtStart(): ReadonlySet<string> {
    const transpiler = new Bun.Transpiler({ loader: "ts" });
    const packages = new Set<string>();
    const files = [join(import.meta.dir, "../src/main.ts")];
    for (const file of files) {
      // It leaves out what is imported for types alone.
      for (const { kind, path } of transpiler.scanImports(readFileSync(file, "utf8"))) {
        if (kind !== "import-statement") continue;
        if (!path.startsWith(".")) packages.add(path);
        else if (path.endsWith(".ts")) {
          const other = join(dirname(file), path);
          if (!files.includes(other)) files.push(other);
        }
      }
    }
    return packages;
  }

  test("no client that most services do without: each costs milliseconds", () => {
    const packages = loadedAtStart();
    const late = ["kafkajs", "postgres", "prom-client", "@hono/node-server", "node:http"];
    expect(late.filter((name) => packages.has(name))).toEqual([]);
    expect(packages).toContain("valibot"); // the walk went on
  });
});
