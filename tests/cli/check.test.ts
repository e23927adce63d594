import { expect, test } from "bun:test";
import { main } from "../../src/cli/main.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

async function check(...words: string[]): Promise<string> {
  const { terminal, written } = captureTerminal();
  const context = { terminal, env: { STORAGE_TYPE: "stdout" }, cwd: import.meta.dir };
  expect(await main(["check", ...words], context)).toBe(0);
  return written.stdout;
}

test("check says no lateness as 0s to a program, and not at all to a person", async () => {
  expect(JSON.parse(await check("--json"))).toMatchObject({ rules: [{ allowedLateness: "0s" }] });
  expect(await check()).not.toContain("late");
});
