import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { commands } from "../../src/cli/list.ts";
import { COMMANDS_FILE, withCommands } from "../support/commands-page.ts";

const page = readFileSync(COMMANDS_FILE, "utf8");

test("the page of the commands is that of their definitions: bun run generate", () => {
  expect(page).toBe(withCommands(page));
});

test("the page says what every command with --json prints", () => {
  const [, table] = /## JSON, for programs([^]*?)\n## /.exec(page)!;
  const told = [...table!.matchAll(/^\| `([\w-]+)`/gm)].map(([, name]) => name!);
  const withJson = commands.filter(({ args }) => "json" in args).map(({ name }) => name);
  expect(withJson.filter((name) => !told.includes(name))).toEqual([]);
});
