import { main } from "./cli/main.ts";
import { Terminal } from "./cli/terminal.ts";

process.exitCode = await main(process.argv.slice(2), {
  terminal: new Terminal({ stdout: process.stdout, stderr: process.stderr }),
  env: process.env,
  cwd: process.cwd(),
});
