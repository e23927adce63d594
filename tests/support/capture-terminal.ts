import { Terminal } from "../../src/cli/terminal.ts";

/** A terminal that remembers what was written to it. */
export function captureTerminal(
  options: { readonly screen: "interactive" | "none" } = { screen: "none" },
): {
  readonly terminal: Terminal;
  readonly written: { stdout: string; stderr: string };
} {
  const written = { stdout: "", stderr: "" };
  const isTTY = options.screen === "interactive";
  const terminal = new Terminal({
    stdout: { isTTY, columns: 80, write: (text) => (written.stdout += text) },
    stderr: { isTTY, columns: 80, write: (text) => (written.stderr += text) },
  });
  return { terminal, written };
}
