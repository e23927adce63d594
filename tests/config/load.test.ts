import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { rejectionOf } from "../support/rejection.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aggregator-load-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFile(join(folder, name), text);

const load = (path?: string, env: Record<string, string> = {}) =>
  loadConfig({ path, cwd: folder, env });

describe("loadConfig()", () => {
  test("takes the environment alone where there is no file", async () => {
    const settings = await load(undefined, { STORAGE_TYPE: "stdout", STATE_DIR: "kept" });
    expect(settings.origin).toBe("the environment");
    expect(settings.sinks.map(({ name }) => name)).toEqual(["stdout"]);
    expect(settings.state.dir).toBe(join(folder, "kept"));
  });

  test("finds the file in the working folder, with its types and the helpers", async () => {
    await write(
      "aggregator.config.ts",
      `import { defineConfig, env, sqlite, tumbling, eventFunction } from "aggregator";
interface Unused { readonly a: 1 }
export default defineConfig({
  name: env("NAME"),
  rules: { daily: { window: tumbling("1d"), aggregate: eventFunction(), to: ["rows"] } },
  sinks: { rows: sqlite({ path: "rows.sqlite" }) },
});
`,
    );
    const settings = await load(undefined, { NAME: "plant-7" });
    expect(settings.origin).toBe(join(folder, "aggregator.config.ts"));
    expect(settings.name).toBe("plant-7");
    expect(settings.rules.map(({ name }) => name)).toEqual(["daily"]);
    expect(settings.sinks[0]!.options).toMatchObject({ path: join(folder, "rows.sqlite") });
  });

  test("for the bus looks at nothing that the bus does not read", async () => {
    const env = { STORAGE_TYPE: "postgres", VABUS_URL: "x", AGGREGATION_INTERVAL: "x" };
    const bare = await loadConfig({ cwd: folder, env: { ...env, PORT: "1" }, reads: "bus" });
    expect(bare.status.port).toBe(1);
    await write(
      "aggregator.config.ts",
      `import { env, eventFunction, max, postgres, tumbling, vabus } from "aggregator";
export default {
  source: vabus({ url: env("NO_BUS") }),
  rules: { a: { window: tumbling("1h"), aggregate: eventFunction([max()]), to: ["store"] } },
  sinks: { store: postgres({ url: env("NO_STORE") }) },
  bus: { maxBytes: 1e9 },
};`,
    );
    const settings = await loadConfig({ cwd: folder, env, reads: "bus" });
    expect(settings.bus.bytesMax).toBe(1e9);
    expect(settings.rules.map(({ name }) => name)).toEqual(["a"]);
    await write("aggregator.config.ts", "export default { sinks: 7, bus: { maxBytes: 1 } };");
    const { message } = await rejectionOf(loadConfig({ cwd: folder, env, reads: "bus" }));
    expect(message).toStartWith("bus.maxBytes: 1: ");
    expect(message).not.toContain("\n");
  });

  test("counts paths from the folder of the file, wherever the command runs", async () => {
    await mkdir(join(folder, "plants"));
    await write("plants/seven.config.ts", `export default { state: { dir: "s" } };`);
    const settings = await load("plants/seven.config.ts", { SQLITE_PATH: "rows.sqlite" });
    expect(settings.state.dir).toBe(join(folder, "plants/s"));
    expect(settings.sinks[0]!.options).toMatchObject({ path: join(folder, "rows.sqlite") });
  });

  test("sees the file anew each time, and what it imports", async () => {
    await write(
      "aggregator.config.ts",
      `import { name } from "./name.ts"; export default { name };`,
    );
    for (const name of ["first", "second", "third"]) {
      await write("name.ts", `export const name = "${name}";`);
      expect((await load()).name).toBe(name);
    }
    await write("aggregator.config.ts", `export default { name: "fourth" };`);
    expect((await load()).name).toBe("fourth");
  });

  test("sees the file anew when something else had imported it before", async () => {
    const file = join(folder, "aggregator.config.ts");
    await writeFile(file, `export default { name: "old" };`);
    await import(file);
    await writeFile(file, `export default { name: "new" };`);
    expect((await load()).name).toBe("new");
  });

  test("goes on after a file that was wrong", async () => {
    await write("aggregator.config.ts", "export default {");
    expect(await messagesOf(load())).toHaveLength(1);
    await write("aggregator.config.ts", `export default { name: "right" };`);
    expect((await load()).name).toBe("right");
  });

  test.each([
    [
      "does not parse",
      'export default {\n  name: "x",,\n};\n',
      /^Cannot run the configuration c\.ts:2:13: \S/,
    ],
    [
      "throws",
      'type Unused = string;\n\nthrow new Error("no such plant");\n',
      /^Cannot run the configuration c\.ts:3:\d+: no such plant$/,
    ],
    [
      "throws what is no error",
      'throw "nothing";\n',
      /^Cannot run the configuration c\.ts: nothing$/,
    ],
    [
      "imports what there is not",
      'import { tumblin } from "aggregator";\nexport default { tumblin };\n',
      /^Cannot run the configuration c\.ts: Export named 'tumblin' not found in module/,
    ],
    [
      "imports a package that nobody installed",
      'import { z } from "no-such-package";\nexport default { z };\n',
      /^Cannot run the configuration c\.ts: Cannot find package 'no-such-package'$/,
    ],
    [
      "exports nothing",
      'export const config = { name: "x" };\n',
      /^Configuration c\.ts has no default export, write export default defineConfig\(\{ … \}\)$/,
    ],
    ["exports no object", "export default 7;\n", /^Configuration must be an object, not 7$/],
  ])("tells of a file that %s, and where", async (_, text, message) => {
    await write("c.ts", text);
    const [first] = await messagesOf(load("c.ts"));
    expect(first).toMatch(message);
  });

  test("tells of a fault in a file that the configuration imports", async () => {
    await write("other.ts", "export const x = [1;\n");
    await write("c.ts", 'import { x } from "./other.ts";\nexport default { name: x };\n');
    const [first] = await messagesOf(load("c.ts"));
    expect(first).toStartWith(
      `Cannot run the configuration c.ts (in ${join(folder, "other.ts")}:1:20): `,
    );
  });

  test("tells that a file which was asked for is not there, or a folder", async () => {
    expect(await messagesOf(load("plant.config.ts"))).toEqual([
      'Cannot find the configuration "plant.config.ts"',
    ]);
    await mkdir(join(folder, "aggregator.config.ts"));
    expect(await messagesOf(load())).toEqual([
      'Cannot read the configuration "aggregator.config.ts": it is a folder',
    ]);
  });
});

async function messagesOf(loading: Promise<unknown>): Promise<string[]> {
  try {
    await loading;
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message.split("\n");
    throw thrown;
  }
  return [];
}
