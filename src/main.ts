import { coloursOf } from "./cli/colours.ts";
import { main } from "./cli/main.ts";
import { Terminal } from "./cli/terminal.ts";

// A reader that has gone (`aggregator --help | head -1`) is no reason to crash; whoever writes what must
// not be lost learns of it from the callback of the write.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

process.exitCode = await main(process.argv.slice(2), {
  terminal: new Terminal({
    stdout: process.stdout,
    stderr: process.stderr,
    colours: coloursOf(process.env),
  }),
  env: process.env,
  cwd: process.cwd(),
});
