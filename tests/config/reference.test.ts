import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { REFERENCE_FILE, withReference } from "../support/reference.ts";

const page = readFileSync(REFERENCE_FILE, "utf8");

test("the reference of the options is that of the schemas: bun run generate", () => {
  expect(page).toBe(withReference(page));
});

test("every option of the reference is explained", () => {
  const rows = page.split("\n").filter((line) => /^\| `[\w.]+` \|/.test(line));
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.filter((row) => / \| \|$/.test(row) && !/`(HOST|STATE_DIR)/.test(row))).toEqual([]);
});
