import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commands } from "../../src/cli/list.ts";
import { type Installed, installExecutable } from "../support/executable.ts";
import { onTerminal } from "../support/pty.ts";
import { configure } from "../support/service.ts";

// Each script in the shell that it is for, with the executable in reach as a person has it.

let aggregator: Installed;
let env: Record<string, string>;

const SHELLS = ["bash", "zsh", "fish"] as const;

beforeAll(async () => {
  aggregator = await installExecutable();
  env = { PATH: `${aggregator.folder}:${process.env["PATH"]}`, HOME: aggregator.folder };
  await configure(
    aggregator,
    `import { defineConfig, rowValue, webhook, stdout, sqlite, tumbling, eventFunction } from "aggregator";
     export default defineConfig({
       rules: { per_hour: { window: tumbling("1h"), aggregate: eventFunction() } },
       notifiers: { ops: webhook({ url: "http://127.0.0.1:9/" }) },
       alerts: { hot: { when: rowValue({ rule: "per_hour", above: 90 }), notify: ["ops"] } },
       sinks: { warehouse: sqlite({ path: "rows.sqlite" }), screen: stdout({}) },
     });`,
  );
  await writeFile(join(aggregator.folder, "a file.ndjson"), "");
  for (const shell of SHELLS) {
    const { code, stdout } = await aggregator.run(["completions", shell]);
    expect(code).toBe(0);
    await writeFile(join(aggregator.folder, `script.${shell}`), stdout);
  }
}, 60_000);

afterAll(() => aggregator[Symbol.asyncDispose]());

async function output(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], {
    cwd: aggregator.folder,
    env,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(err).toBe("");
  return out;
}

/** What bash offers for the last of the words. */
async function inBash(...words: readonly string[]): Promise<string[]> {
  const script = `source script.bash
    COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    $(complete -p aggregator | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = await output(["bash", "--norc", "-c", script, "bash", "aggregator", ...words]);
  return text.split("\n").filter((line) => line !== "");
}

describe("bash", () => {
  test("offers every command", async () => {
    expect(await inBash("")).toEqual(expect.arrayContaining(commands.map(({ name }) => name)));
    expect(await inBash("dead")).toEqual(["dead-letters"]);
  });

  test("offers the options of a command, and those alone", async () => {
    expect(await inBash("status", "--w")).toEqual(["--watch"]);
    expect(await inBash("check", "--")).toEqual([
      "--config",
      "--connect",
      "--json",
      "--help",
      "--no-color",
    ]);
  });

  test("offers the values of an option, in both forms, and names out of the configuration", async () => {
    expect(await inBash("dead-letters", "list", "--reason", "la")).toEqual(["late"]);
    expect(await inBash("dead-letters", "list", "--reason", "=", "la")).toEqual(["late"]);
    expect(await inBash("replay", "--to", "")).toEqual(["warehouse", "screen"]);
    expect(await inBash("tap", "--rule", "")).toEqual(["per_hour"]);
    expect(await inBash("alerts", "silence", "--name", "")).toContain("hot");
    expect(await inBash("alerts", "test", "--notifier", "")).toEqual(["ops"]);
  });

  test("offers actions in their place, and files where files belong", async () => {
    expect(await inBash("dead-letters", "-c", "x.ts", "ex")).toEqual(["export"]);
    expect(await inBash("dead-letters", "list", "ex")).toEqual([]);
    expect(await inBash("replay", "--input", "a")).toEqual(
      expect.arrayContaining(["a file.ndjson"]),
    );
  });
});

describe.skipIf(Bun.which("fish") === null)("fish", () => {
  async function inFish(line: string): Promise<string[]> {
    const script = `source script.fish; complete -C '${line}'`;
    const text = await output(["fish", "--no-config", "-c", script]);
    return text
      .split("\n")
      .filter((one) => one !== "")
      .map((one) => one.split("\t")[0]!);
  }

  test("offers commands, options, values and names", async () => {
    expect(await inFish("aggregator ")).toEqual(
      expect.arrayContaining(commands.map(({ name }) => name)),
    );
    expect(await inFish("aggregator status --w")).toEqual(["--watch"]);
    expect(await inFish("aggregator dead-letters list --reason la")).toEqual(["late"]);
    expect(await inFish("aggregator replay --to ")).toEqual(["screen", "warehouse"]);
    expect(await inFish("aggregator replay --input a")).toContain("a file.ndjson");
  });
});

describe.skipIf(Bun.which("zsh") === null)("zsh", () => {
  /** Types a line with a tab at its end, and waits for what the shell makes of it. */
  async function completed(typed: string, wanted: string): Promise<void> {
    const shell = onTerminal([Bun.which("zsh")!, "-f", "-i"], {
      folder: aggregator.folder,
      columns: 120,
      rows: 40,
      env: { ...env, PS1: "> ", TERM: "dumb" },
    });
    shell.type("autoload -U compinit && compinit -u -D && source script.zsh && echo rea''dy\r");
    await shell.waitFor(() => shell.written().includes("ready"));
    shell.type(typed);
    await shell.waitFor(({ text }) => text.slice(text.indexOf("ready")).includes(wanted));
    shell.kill("SIGKILL");
    await shell.exited;
  }

  test.each([
    ["aggregator dead\t", "dead-letters"],
    ["aggregator status --wat\t", "--watch"],
    ["aggregator dead-letters list --reason la\t", "late"],
    ["aggregator replay --to ware\t", "warehouse"],
    ["aggregator dead-letters exp\t", "export"],
    ["aggregator replay --input a\\ f\t", ".ndjson"],
  ])(
    "makes of %p what is meant",
    async (typed, wanted) => {
      await completed(typed, wanted);
    },
    30_000,
  );
});

test("completions prints the names of the configuration, and refuses what it does not know", async () => {
  expect((await aggregator.run(["completions", "sinks"])).stdout).toBe("warehouse\nscreen\n");
  const { code, stderr } = await aggregator.run(["completions", "bsh"]);
  expect(code).toBe(2);
  expect(stderr).toContain("did you mean bash?");
});

test("every script parses", async () => {
  for (const shell of SHELLS) {
    if (Bun.which(shell) !== null) await output([shell, "-n", `script.${shell}`]);
    const script = await readFile(join(aggregator.folder, `script.${shell}`), "utf8");
    for (const { name } of commands) expect(script).toContain(name);
  }
});
