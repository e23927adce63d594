// Telegraf never ends by itself: gives it a folder with the file, waits until that is read, stops it, and makes rows
// of what it wrote. run-telegraf.ts TELEGRAF INPUT OUTPUT
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

const [program, input, output] = process.argv.slice(2);
const folder = mkdtempSync(join(dirname(output!), "telegraf-"));
for (const name of ["in", "done"]) mkdirSync(join(folder, name));
writeFileSync(
  join(folder, "telegraf.conf"),
  `[agent]
interval = "100ms"
flush_interval = "1s"
omit_hostname = true
quiet = true
[[inputs.directory_monitor]]
directory = "${join(folder, "in")}"
finished_directory = "${join(folder, "done")}"
directory_duration_threshold = "0s"
parse_method = "line-by-line"
max_buffered_metrics = 100000
data_format = "json"
tag_keys = ["name", "agg_func"]
[[aggregators.basicstats]]
period = "60s"
drop_original = true
stats = ["count", "sum", "mean", "min", "max"]
fieldinclude = ["value"]
[[outputs.file]]
files = ["${join(folder, "rows")}"]
data_format = "json"
`,
);
linkSync(input!, join(folder, "in", "events.ndjson"));
const telegraf = Bun.spawn([program!, "--config", join(folder, "telegraf.conf")], {
  stdout: "ignore",
  stderr: "inherit",
});
while (readdirSync(join(folder, "done")).length === 0) {
  if (telegraf.exitCode !== null) throw new Error("Telegraf ended before it had read the file");
  await Bun.sleep(20);
}
telegraf.kill("SIGTERM");
await telegraf.exited;
const rows = readFileSync(join(folder, "rows"), "utf8").trim().split("\n").map(rowOf);
writeFileSync(output!, `${rows.join("\n")}\n`);
rmSync(folder, { recursive: true });

function rowOf(line: string): string {
  const { fields, tags, timestamp } = JSON.parse(line);
  const { value_count, value_sum, value_mean, value_min, value_max } = fields;
  const values: Record<string, number> = {
    sum: value_sum,
    avg: value_mean,
    min: value_min,
    max: value_max,
  };
  return JSON.stringify({
    name: tags.name,
    agg_func: tags.agg_func,
    window_start: Math.floor(timestamp / 60) * 60,
    value: values[tags.agg_func],
    count: value_count,
  });
}
