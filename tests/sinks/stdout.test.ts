import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { rowToJson } from "../../src/core/result-json.ts";
import { rowOf } from "../support/sink-writing.ts";

// Standard output belongs to a process, so that each test has one.
const WRITER = join(import.meta.dir, "..", "support", "stdout-writer.ts");

describe("stdout", () => {
  test("writes one row a line, all of them, to a slow reader", async () => {
    const child = Bun.spawn([process.execPath, WRITER, "35000"], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk, { stream: true });
      // The pipe is full long before: the writer has to wait.
      await Bun.sleep(0);
    }
    expect(await new Response(child.stderr).text()).toBe("written\n");
    const lines = text.split("\n");
    expect(lines.length).toBe(35_001);
    expect(lines[12_345]).toBe(rowToJson(rowOf(12_345)));
    expect(lines.at(-1)).toBe("");
  });

  test("ends with a clear error when its reader has gone", async () => {
    const child = Bun.spawn(
      ["bash", "-c", `"$0" "$@" | head -1 >&2`, process.execPath, WRITER, "35000"],
      {
        stderr: "pipe",
      },
    );
    const text = await new Response(child.stderr).text();
    expect(text).toContain(`${rowToJson(rowOf(0))}\n`);
    expect(text).toContain("FatalError: Cannot write to standard output: its reader has gone\n");
    expect(await child.exited).toBe(0);
  });

  test("ends a write to a reader that does not read when it is told to stop", async () => {
    const child = Bun.spawn(
      ["bash", "-c", `"$0" "$@" | sleep 2`, process.execPath, WRITER, "35000", "200"],
      { stderr: "pipe" },
    );
    expect(await new Response(child.stderr).text()).toStartWith("TransientError: ");
  });
});
