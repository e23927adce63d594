import { describe, expect, test } from "bun:test";
import { Writable } from "node:stream";
import { LineOutput } from "../../src/cli/line-output.ts";

function stream(isTTY: boolean): { readonly written: () => string; readonly to: Writable } {
  let written = "";
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString();
      done();
    },
  });
  return { written: () => written, to: Object.assign(to, { isTTY }) };
}

describe("LineOutput.toStream()", () => {
  const line = '{"name":"cpu\u009b2J\u202e"}';

  test("writes what is for a program as it is", async () => {
    const { written, to } = stream(false);
    const output = LineOutput.toStream(to, "standard output");
    output.add(line);
    await output.close();
    expect(written()).toBe(`${line}\n`);
  });

  test("gives a screen no orders, and the JSON still means the same", async () => {
    const { written, to } = stream(true);
    const output = LineOutput.toStream(to, "standard output");
    output.add(line);
    await output.close();
    expect(written()).toBe('{"name":"cpu\\u009b2J\\u202e"}\n');
    expect(JSON.parse(written())).toEqual(JSON.parse(line));
  });
});
