import { expect, test } from "bun:test";
import { pathText } from "../../src/config/path-text.ts";

test.each([
  [[], ""],
  [["rules", "latency", "window"], "rules.latency.window"],
  [["rules", "per minute", "to", 0], 'rules["per minute"].to[0]'],
  [["", "a"], '[""].a'],
])("pathText() writes %j as one would in the file", (path, text) => {
  expect(pathText(path)).toBe(text);
});
