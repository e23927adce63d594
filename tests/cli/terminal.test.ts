import { expect, test } from "bun:test";
import { captureTerminal } from "../support/capture-terminal.ts";

test("Terminal.print() writes to stdout and masks what it was told to hide", () => {
  const { terminal, written } = captureTerminal();
  terminal.hide(["hunter2"]);
  terminal.hide(["swordfish"]);
  terminal.print("hunter2 and swordfish");
  expect(written).toEqual({ stdout: "*** and ***\n", stderr: "" });
});

test("Terminal.say() writes to stderr and masks what it was told to hide", () => {
  const { terminal, written } = captureTerminal();
  terminal.hide(["hunter2"]);
  terminal.say("no hunter2");
  expect(written).toEqual({ stdout: "", stderr: "no ***\n" });
});

test("Terminal.pin() draws nothing where nobody watches", () => {
  const { terminal, written } = captureTerminal();
  terminal.pin("50 %");
  terminal.say("done");
  expect(written.stderr).toBe("done\n");
});

test("Terminal.say() keeps the pinned line below what is said", () => {
  const { terminal, written } = captureTerminal({ screen: "interactive" });
  terminal.pin("50 %");
  terminal.say("a warning");
  terminal.pin("");
  terminal.say("done");
  expect(written.stderr).toBe("\r\u001b[K50 %\r\u001b[Ka warning\n50 %\r\u001b[Kdone\n");
});

test("Terminal gives the screen no orders that strangers wrote", () => {
  const { terminal, written } = captureTerminal({ screen: "interactive" });
  terminal.print("cpu\u001b[2J\u202e\n\tnext");
  terminal.say("cpu\u009b2J");
  expect(written).toEqual({
    stdout: "cpu\\u001b[2J\\u202e\n\tnext\n",
    stderr: "cpu\\u009b2J\n",
  });
});

test("Terminal.printStyled() leaves our own colours in", () => {
  const { terminal, written } = captureTerminal({ screen: "interactive" });
  terminal.printStyled("\u001b[31mred\u001b[0m");
  expect(written.stdout).toBe("\u001b[31mred\u001b[0m\n");
});

test("Terminal has colours on a screen, unless they are not wanted", () => {
  const { terminal } = captureTerminal({ screen: "interactive" });
  expect([terminal.printsColours, terminal.saysColours]).toEqual([true, true]);
  terminal.withoutColours();
  expect([terminal.printsColours, terminal.saysColours]).toEqual([false, false]);
  expect(captureTerminal().terminal.printsColours).toBe(false);
});
