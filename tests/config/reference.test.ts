import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { REFERENCE_FILE, withReference } from "../support/reference.ts";

const page = readFileSync(REFERENCE_FILE, "utf8");

test("the reference of the options is that of the schemas: bun run generate", () => {
  expect(page).toBe(withReference(page));
});

test("every option of the reference is explained", () => {
  const [, generated = ""] = page.split("<!-- generated");
  const rows = generated.split("\n").filter((line) => line.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(60);
  expect(
    rows.filter(
      (row) =>
        row
          .split(/(?<!\\)\|/)
          .at(-2)!
          .trim() === "",
    ),
  ).toEqual([]);
});
