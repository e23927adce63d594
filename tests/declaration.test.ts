import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { bundleDeclarations, DECLARATION_FILE, declarePublicTypes } from "./support/declaration.ts";

describe("bundleDeclarations()", () => {
  test("puts together what the public names reach, and nothing else", () => {
    const text = bundle({
      "/src/index.ts": `export { env } from "./config/env.ts";
import type { Row } from "./core/row.ts";
/** Makes one. */
export declare const make: (row: Row) => import("./core/row.ts").Cell;
declare const hidden: number;
`,
      "/src/config/env.ts": `export declare function env(name: string): Reference;
export declare function env(name: string, fallback: string): Reference;
interface Reference {
    readonly name: string;
}
export declare function unused(): void;
`,
      "/src/core/row.ts": `/**
 * Speaks of Other.
 */
export interface Row {
    readonly cells: readonly Cell[];
}
export type Cell = "Other" | number;
export interface Other {
    readonly x: 1;
}
export {};
`,
    });
    expect(text.slice(text.indexOf("declare module"))).toBe(`declare module "aggregator" {
function env(name: string): Reference;
function env(name: string, fallback: string): Reference;

/** Makes one. */
const make: (row: Row) => Cell;

interface Reference {
    readonly name: string;
}

type Cell = "Other" | number;

/**
 * Speaks of Other.
 */
interface Row {
    readonly cells: readonly Cell[];
}

export { env, make };
}
`);
  });

  test("refuses a type of a package, which an editor elsewhere cannot find", () => {
    expect(() =>
      bundle({
        "/src/index.ts": `import * as v from "valibot";\nexport declare const x: v.Schema;\n`,
      }),
    ).toThrow("Type v of package valibot is part of the public types");
  });

  test("refuses two types of one name", () => {
    expect(() =>
      bundle({
        "/src/index.ts": `export { A } from "./a.ts";\nexport { b } from "./b.ts";\n`,
        "/src/a.ts": "export interface A {\n}\n",
        "/src/b.ts": "interface A {\n}\nexport declare const b: A;\n",
      }),
    ).toThrow("Two types are named A");
  });
});

test("the declaration that init writes is that of the sources", async () => {
  const committed = await readFile(DECLARATION_FILE, "utf8");
  // When this fails: bun run generate.
  expect(committed).toBe(declarePublicTypes());
}, 30_000);

function bundle(files: Readonly<Record<string, string>>): string {
  return bundleDeclarations("/src/index.ts", {
    module: "aggregator",
    read: (file) => files[file] ?? "",
  });
}
