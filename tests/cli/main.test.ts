import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { commands } from "../../src/cli/list.ts";
import { main } from "../../src/cli/main.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

describe("main()", () => {
  test("prints the version of the package", async () => {
    for (const word of ["--version", "-v"]) {
      expect(await call(word)).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
    }
  });

  test("lists every command on --help, and names no colours off a terminal", async () => {
    for (const word of ["--help", "-h"]) {
      const { code, stdout, stderr } = await call(word);
      expect(code).toBe(0);
      expect(stderr).toBe("");
      for (const command of commands) expect(stdout).toContain(command.summary);
      expect(stdout).not.toContain("\u001b");
    }
  });

  test("takes --no-color anywhere, and has no colours then", async () => {
    for (const words of [["--help"], ["check", "--help"]]) {
      expect((await callOnScreen("--no-colour", ...words)).stdout).not.toContain("\u001b[");
      const { code, stdout } = await callOnScreen(...words, "--no-color");
      expect(code).toBe(0);
      expect(stdout).not.toContain("\u001b[");
    }
  });

  test("without a command shows the overview on stderr and exits with 2", async () => {
    const { code, stdout, stderr } = await call();
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("COMMANDS");
  });

  test("refuses an unknown command with the nearest one", async () => {
    expect(await call("helthcheck")).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "aggregator: Unknown command helthcheck, did you mean healthcheck?\n" +
        "Run aggregator --help for help\n",
    });
  });

  test("refuses an unknown option before the command", async () => {
    const { code, stderr } = await call("--verison");
    expect(code).toBe(2);
    expect(stderr).toStartWith("aggregator: Unknown option --verison, did you mean --version?\n");
  });

  test("offers in shells the very words that a command takes", async () => {
    for (const { name, completes = {}, args } of commands) {
      for (const [argument, choice] of Object.entries(completes)) {
        if (typeof choice === "string" || choice === undefined) continue;
        const isPositional = args[argument]?.type === "positional";
        const before = name === "token" ? ["make", "grafana"] : ["list"];
        const words = isPositional ? ["zzz"] : [...before, `--${argument}`, "zzz"];
        const { code, stderr } = await call(name, ...words);
        expect(code).toBe(2);
        expect(stderr).toContain(`must be one of ${choice.join(", ")}`);
      }
    }
  });

  test("points to the help of the command whose arguments are wrong", async () => {
    const { code, stderr } = await call("healthcheck", "one", "two");
    expect(code).toBe(2);
    expect(stderr).toBe(
      'aggregator: Unexpected argument "two"\nRun aggregator healthcheck --help for help\n',
    );
  });
});

describe("every command", () => {
  for (const command of commands) {
    test(`${command.name} has a help page with examples of itself`, async () => {
      const { code, stdout } = await call(command.name, "--help");
      expect(code).toBe(0);
      expect(stdout).toContain(command.summary);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) {
        expect(example.line).toContain(`aggregator ${command.name}`);
        expect(stdout).toContain(example.line);
        expect(stdout).toContain(example.does);
      }
      for (const name of Object.keys(command.args)) {
        expect(stdout.toLowerCase()).toContain(name.toLowerCase());
      }
    });

    test(`${command.name} refuses an unknown option with exit code 2`, async () => {
      expect((await call(command.name, "--no-such-option")).code).toBe(2);
    });
  }

  test("has a name of its own", () => {
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
  });
});

async function callOnScreen(...words: string[]) {
  const { terminal, written } = captureTerminal({ screen: "interactive" });
  const code = await main(words, { terminal, env: {}, cwd: import.meta.dir });
  return { code, ...written };
}

async function call(...words: string[]) {
  const { terminal, written } = captureTerminal();
  const code = await main(words, { terminal, env: {}, cwd: import.meta.dir });
  return { code, ...written };
}
