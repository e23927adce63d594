import { describe, expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkHouse, checkTopLevel, importsOf, type Tree } from "./support/house.ts";

const root = join(import.meta.dir, "..");

describe("the house", () => {
  test("follows its rules", async () => {
    expect(checkHouse(await readTree("src"))).toEqual([]);
  });

  test("has nothing else at its top level", async () => {
    const ignored = new Set(
      (await readFile(join(root, ".gitignore"), "utf8"))
        .split("\n")
        .map((line) => line.replace(/\/$/, "")),
    );
    const names = (await readdir(root)).filter((name) => !ignored.has(name));
    expect(checkTopLevel(names)).toEqual([]);
  });

  test("is seen whole: the runtime finds no import that the checker overlooks", async () => {
    const transpiler = new Bun.Transpiler({ loader: "ts" });
    for (const [file, text] of await readTree("src")) {
      if (!file.endsWith(".ts")) continue;
      const seen = importsOf(text);
      // The transpiler leaves out what is imported for its types alone, hence a subset.
      for (const { path } of transpiler.scanImports(text)) expect(seen).toContain(path);
    }
  });
});

describe("checkHouse()", () => {
  const clean = {
    "src/core/a.ts": "/** It may say await and Date.now() here. */\nexport const a = 1;\n",
    "src/engine/b.ts": 'import { a } from "../core/a.ts";\n\nexport const b = a;\n',
    "src/sinks/stdout.ts":
      'import { a } from "../core/a.ts";\n\nexport const s = defineSink({ a });\n',
    "src/sinks/list.ts": 'import { s } from "./stdout.ts";\n\nexport const sinks = [s];\n',
  };

  test("accepts a clean tree", () => {
    expect(checkHouse(treeOf(clean))).toEqual([]);
  });

  test.each([
    ["core that imports another folder", "src/core/x.ts", 'import "../engine/b.ts";'],
    ["core that imports a package", "src/core/x.ts", 'import * as v from "valibot";'],
    [
      "core that imports the types of a package",
      "src/core/x.ts",
      'import type { V } from "valibot";',
    ],
    ["core that imports the runtime", "src/core/x.ts", 'import { open } from "node:fs/promises";'],
    ["a type named by import()", "src/core/x.ts", 'type X = import("../state/x.ts").X;'],
    ["a re-export", "src/core/x.ts", 'export * from "../decode/x.ts";'],
    ["aggregations that know the engine", "src/aggregations/x.ts", 'import "../engine/b.ts";'],
    [
      "decode that knows the engine",
      "src/decode/x.ts",
      'import type {\n  B,\n} from "../engine/b.ts";',
    ],
    ["an engine with I/O", "src/engine/x.ts", 'import { openSync } from "node:fs";'],
    ["a source that knows a sink", "src/sources/x.ts", 'import { s } from "../sinks/stdout.ts";'],
    ["a sink that knows the engine", "src/sinks/x.ts", 'import { b } from "../engine/b.ts";'],
    ["state that knows a source", "src/state/x.ts", 'import { s } from "../sources/x.ts";'],
    [
      "status that knows the loop",
      "src/status/x.ts",
      'import { p } from "../pipeline/pipeline.ts";',
    ],
    ["alerts that know the engine", "src/alerts/x.ts", 'import { b } from "../engine/b.ts";'],
    ["a command that knows the engine", "src/cli/x.ts", 'import { b } from "../engine/b.ts";'],
    ["a pipeline that reads the config file", "src/pipeline/x.ts", 'import "../config/load.ts";'],
    [
      "an executable that does more than commands",
      "src/main.ts",
      'import "./pipeline/pipeline.ts";',
    ],
    ["an import of the tests", "src/cli/x.ts", 'import "../../tests/support/house.ts";'],
    ["a folder without a rule", "src/utils/x.ts", "export const x = 1;"],
    ["a clock in core", "src/core/x.ts", "export const x = Date.now();"],
    ["a monotonic clock in the engine", "src/engine/x.ts", "export const x = performance.now();"],
    ["chance in decode", "src/decode/x.ts", "export const x = Math.random();"],
    [
      "waiting in an aggregation",
      "src/aggregations/x.ts",
      "export async function f(p: Promise<void>) {\n  await p;\n}",
    ],
    ["a timer in the engine", "src/engine/x.ts", "setTimeout(() => {}, 1);"],
    ["a sink that is not in the list", "src/sinks/x.ts", "export const x = defineSink({});"],
    ["a source without a list", "src/sources/x.ts", "export const x = defineSource<number>({});"],
    [
      "a function that is not in the list",
      "src/aggregations/x.ts",
      "export const x = defineAggregation({});",
    ],
    ["a machine path", "src/cli/x.ts", `export const x = "${"/"}home/somebody/data";`],
    ["a file of 501 lines", "src/cli/x.ts", "export {};\n".repeat(501).trimEnd()],
  ])("refuses %s", (_, file, text) => {
    const violations = checkHouse(treeOf({ ...clean, [file]: `${text}\n` }));
    expect(violations.map((violation) => violation.file)).toEqual([file]);
  });

  test("refuses a list with a line that is no component", () => {
    const list = `import { t } from "./text.ts";\n${clean["src/sinks/list.ts"]}`;
    const tree = treeOf({
      ...clean,
      "src/sinks/list.ts": list,
      "src/sinks/text.ts": "export const t = 1;\n",
    });
    expect(checkHouse(tree)).toEqual([
      {
        file: "src/sinks/list.ts",
        message: "lists src/sinks/text.ts, which defines no component",
      },
    ]);
  });
});

describe("checkTopLevel()", () => {
  test("accepts the names of the house and dot files", () => {
    expect(checkTopLevel(["src", "tests", "README.md", ".ci", ".oxlintrc.json"])).toEqual([]);
  });

  test("refuses any other name", () => {
    expect(checkTopLevel(["src", "scripts"]).map((violation) => violation.file)).toEqual([
      "scripts",
    ]);
  });
});

/** The text files below a folder of the repository. */
async function readTree(folder: string): Promise<Tree> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  const tree = new Map<string, string>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    tree.set(path.slice(root.length + 1).replaceAll("\\", "/"), await readFile(path, "utf8"));
  }
  return tree;
}

function treeOf(files: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(files));
}
