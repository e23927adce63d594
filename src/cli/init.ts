import { mkdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
// The example at the top of the repository, as a text: the same that a test runs.
import example from "../../aggregator.config.ts" with { type: "text" };
import { jsonArg } from "./args.ts";
import { defineCommand } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import declaration from "./init/aggregator.d.ts.txt" with { type: "text" };
import unit from "./init/aggregator.service.txt" with { type: "text" };
import dockerfile from "./init/dockerfile.txt" with { type: "text" };

const CONFIG_FILE = "aggregator.config.ts";
const TYPES_FILE = "aggregator.d.ts";

/** Writes what a new service begins with. */
export const init = defineCommand({
  name: "init",
  summary: "Write a commented configuration with its types, and what runs it",
  args: {
    dir: { type: "positional", required: false, description: "Folder to write to. Default: here" },
    systemd: { type: "boolean", description: "Also write aggregator.service, a hardened unit" },
    docker: { type: "boolean", description: "Also write a Dockerfile" },
    types: { type: "boolean", description: "Write aggregator.d.ts alone, as after an upgrade" },
    force: { type: "boolean", description: "Overwrite what is there" },
    json: jsonArg,
  },
  completes: { dir: "folder" },
  failsWhen: "a file is there already",
  examples: [
    { line: "aggregator init", does: "Begin in this folder" },
    {
      line: "aggregator init /etc/aggregator --systemd",
      does: "Begin as a service of this machine",
    },
    { line: "aggregator init --types", does: "Renew the types after an upgrade" },
  ],
  async run({ dir, systemd, docker, types, force, json }, { terminal, cwd }) {
    if (types && (systemd || docker)) {
      throw new UsageError("Option --types goes without --systemd and --docker");
    }
    const folder = resolve(cwd, dir ?? ".");
    const files = new Map([[TYPES_FILE, declaration]]);
    if (!types) files.set(CONFIG_FILE, configText());
    if (systemd) files.set("aggregator.service", unit);
    if (docker) files.set("Dockerfile", dockerfile);

    // The types are ours, nobody edits them: renewing them is what --types is for.
    const kept = [...files.keys()].filter((name) => !(types && name === TYPES_FILE));
    const present = force ? [] : await presentIn(folder, kept);
    if (present.length > 0 && json) {
      terminal.print(JSON.stringify({ wrote: [], present }));
      return EXIT.failed;
    }
    if (present.length > 0) {
      terminal.say(
        `Nothing was written: ${present.join(", ")} would be overwritten (--force does)`,
      );
      return EXIT.failed;
    }
    await mkdir(folder, { recursive: true });
    for (const [name, text] of files) {
      await writeFile(join(folder, name), text);
      if (!json) terminal.print(`Wrote ${join(dir ?? ".", name)}`);
    }
    if (json) {
      const wrote = [...files.keys()].map((name) => join(folder, name));
      terminal.print(JSON.stringify({ wrote, present: [] }));
    } else if (!types) terminal.say("Next: aggregator check, then aggregator run");
    return EXIT.ok;
  },
});

/** The reference is for an editor, which otherwise sees the file alone. */
function configText(): string {
  // The compiler takes the import for that of a module; the attribute makes it a text.
  const text = example as unknown as string;
  return `/// <reference path="./${TYPES_FILE}" />\n${text}`;
}

async function presentIn(folder: string, names: readonly string[]): Promise<string[]> {
  const present = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return names.filter((_, index) => present[index]);
}
