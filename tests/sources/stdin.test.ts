import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const children: Bun.Subprocess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

/** A process that reads its standard input and prints what every read gave, as JSON lines. */
function start(follow: boolean, stderr: "inherit" | "pipe" = "inherit") {
  const root = join(import.meta.dir, "../..");
  const script = `
    const { stdin } = await import("${root}/src/sources/stdin.ts");
    const { contextOf, forever, seen } = await import("${root}/tests/support/source-reading.ts");
    const reader = await stdin.open({ follow: ${follow} }, contextOf({ waitMsMax: 20 }), forever);
    for (let last = ""; last !== "end"; ) {
      const read = seen(await reader.read(forever));
      const text = typeof read === "string" ? read : JSON.stringify(read);
      if (text !== "empty" || last !== "empty") console.log(text);
      last = text;
    }
    await reader.close();`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    stdin: "pipe",
    stdout: "pipe",
    stderr,
  });
  children.push(child);
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async (): Promise<string> => {
    while (!text.includes("\n")) {
      const { done, value } = await lines.read();
      if (done) return "closed";
      text += value;
    }
    const line = text.slice(0, text.indexOf("\n"));
    text = text.slice(line.length + 1);
    return line;
  };
  return { child, next };
}

describe("stdin", () => {
  test("read once: gives whole lines as they come, the last without line feed, and the end", async () => {
    const { child, next } = start(false);
    void child.stdin.write("\uFEFFa\n\nb\n{ha");
    await child.stdin.flush();
    expect(JSON.parse(await next())).toMatchObject({
      lines: ["a", "b"],
      places: ["line 1", "line 3"],
    });
    expect(await next()).toBe("empty");
    void child.stdin.write("lf}\nlast");
    await child.stdin.flush();
    expect(JSON.parse(await next())).toMatchObject({ lines: ["{half}"], places: ["line 4"] });
    await child.stdin.end();
    let line = await next();
    if (line === "empty") line = await next();
    expect(JSON.parse(line)).toMatchObject({ lines: ["last"], places: ["line 5"] });
    expect(await next()).toBe("end");
    expect(await child.exited).toBe(0);
  });

  test("kept open: stays up, and empty, after the input has ended", async () => {
    const { child, next } = start(true);
    void child.stdin.write("a");
    await child.stdin.end();
    let line = await next();
    if (line === "empty") line = await next();
    expect(JSON.parse(line)).toMatchObject({ lines: ["a"] });
    expect(await next()).toBe("empty");
    expect(child.exitCode).toBeNull();
  });

  test("recognises gzip however it is cut, and several members of it", async () => {
    const { child, next } = start(false);
    const packed = Buffer.concat([gzipSync("a\nb"), gzipSync("c\n")]);
    for (const cut of [packed.subarray(0, 1), packed.subarray(1, 30), packed.subarray(30)]) {
      void child.stdin.write(cut);
      await child.stdin.flush();
    }
    await child.stdin.end();
    const got: string[] = [];
    for (let line = await next(); line !== "end"; line = await next()) {
      if (line !== "empty") got.push(...(JSON.parse(line) as { lines: string[] }).lines);
    }
    expect(got).toEqual(["a", "bc"]);
  });

  test("refuses gzip that is cut short", async () => {
    const { child } = start(false, "pipe");
    void child.stdin.write(gzipSync("a\nb\n").subarray(0, -6));
    await child.stdin.end();
    const told = await new Response(child.stderr as ReadableStream).text();
    expect(told).toContain("FatalError: Cannot unpack standard input: unexpected end of file");
    expect(await child.exited).toBe(1);
  });

  test("carries more than a pipe holds without losing a line", async () => {
    const { child, next } = start(false);
    const lines = Array.from({ length: 50_000 }, (_, i) => `{"name":"n${i}"}`);
    void child.stdin.write(lines.join("\n"));
    void child.stdin.end();
    const got: string[] = [];
    for (let line = await next(); line !== "end"; line = await next()) {
      if (line === "empty") continue;
      // What the script printed: a batch as JSON.
      got.push(...(JSON.parse(line) as { lines: string[] }).lines);
    }
    expect(got).toEqual(lines);
  });
});
