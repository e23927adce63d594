import { join } from "node:path";
import { cached, HERE, type Peer, step } from "./peer.ts";

const TELEGRAF = "1.37.0";

/** Only the parts that the work needs: all of them would take an hour. */
const TAGS = [
  "custom",
  "inputs.directory_monitor",
  "parsers.json",
  "aggregators.basicstats",
  "outputs.file",
  "serializers.json",
];

export const telegraf: Peer = {
  name: "Telegraf",
  configuration: "`basicstats` over lines of a file; its windows are those of arrival",
  optional: "it is built from source, which takes Go, some GB and many minutes",
  async install({ say }) {
    const module = `github.com/influxdata/telegraf@v${TELEGRAF}`;
    const folder = await cached("telegraf", [module, ...TAGS], async (cwd) => {
      say("Telegraf: fetching its source");
      // In a copy of its own module, whose sums are checked.
      const told = JSON.parse(await step(["go", "mod", "download", "-json", module], { cwd }));
      const source = join(cwd, "source");
      await step(["cp", "-r", String(told["Dir"]), source], { cwd });
      await step(["chmod", "-R", "u+w", source], { cwd });
      say("Telegraf: building it");
      const build = ["build", "-tags", TAGS.join(","), "-o", join(cwd, "telegraf")];
      await step(["go", ...build, "./cmd/telegraf"], { cwd: source });
    });
    const runner = join(HERE, "run-telegraf.ts");
    return {
      version: TELEGRAF,
      command: (input, output) => {
        return [process.execPath, runner, join(folder, "telegraf"), input, output];
      },
    };
  },
};
