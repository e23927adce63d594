import { LiveScreen } from "../../src/cli/screen/live-screen.ts";
import { Terminal } from "../../src/cli/terminal.ts";

// A program that takes the screen and breaks when it is to be drawn anew.
const terminal = new Terminal({ stdout: process.stdout, stderr: process.stderr });
const screen = new LiveScreen(terminal);
screen.open(() => {
  throw new Error("broken on purpose");
});
screen.draw(["drawn"], () => "last");
