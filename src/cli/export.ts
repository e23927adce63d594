import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import { FatalError, messageOf } from "../core/errors.ts";
import { mustBeOneOf } from "../core/must-be-one-of.ts";
import { flinkJob } from "../flink/job.ts";
import { configArg, jsonArg } from "./args.ts";
import { defineCommand } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";
import { version } from "./version.ts";

const TARGETS = ["flink"] as const;

/** `s3://…`: a place that Flink knows, and no path of this machine. */
const HAS_SCHEME = /^[a-z][\w+.-]*:\/\//i;

export const exportRules = defineCommand({
  name: "export",
  summary: "Write the same rules for another program, for who outgrows one machine",
  details: [
    "flink: statements for the SQL client of Flink 2. What it cannot do in the same way is said in comments and",
    "on standard error; a rule that it cannot do at all is left out, and the exit code is 1. Brokers and topics are",
    "written as they are, also those that come by env(); TLS and passwords are not.",
  ],
  args: {
    to: { type: "positional", required: true, description: `For which one: ${TARGETS.join(", ")}` },
    config: configArg,
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      description: "Where it is written. Default: standard output",
    },
    events: {
      type: "string",
      valueHint: "file",
      description: "The job reads this file or folder of NDJSON, in place of the source",
    },
    rows: {
      type: "string",
      valueHint: "folder",
      description: "The job writes rows as files to this folder, in place of a sink",
    },
    json: jsonArg,
  },
  completes: { to: TARGETS },
  failsWhen: "a rule cannot be said there",
  examples: [
    { line: "aggregator export flink -o job.sql", does: "Then: bin/sql-client.sh -f job.sql" },
    {
      line: "aggregator export flink --events events.ndjson --rows rows -o try.sql",
      does: "Over a file, to compare with aggregator replay",
    },
  ],
  async run({ to, config, output, events, rows, json }, { terminal, env, cwd }) {
    if (!TARGETS.some((target) => target === to)) {
      throw new UsageError(`Cannot export to "${to}": ${mustBeOneOf(TARGETS, to)}`);
    }
    const settings = await loadConfig({ path: config, cwd, env });
    const place = (path: string | undefined): string | undefined =>
      path === undefined || HAS_SCHEME.test(path) ? path : resolve(cwd, path);
    const job = flinkJob(settings, { version, events: place(events), rows: place(rows) });
    // Nothing is masked in what was asked for: addresses and topics that came by env() are part of the job, and
    // passwords are not in it.
    const { sql, rules, notes } = job;
    const isWhole = rules.length === settings.rules.length;
    if (output === undefined && !json) {
      if (terminal.isPrintedToScreen) terminal.print(sql.trimEnd());
      else terminal.printStyled(sql.trimEnd());
    }
    if (output !== undefined) {
      try {
        await writeFile(resolve(cwd, output), sql);
      } catch (failure) {
        throw new FatalError(`Cannot write "${output}": ${messageOf(failure)}`, { cause: failure });
      }
    }
    if (json) {
      const left = settings.rules.map(({ name }) => name).filter((name) => !rules.includes(name));
      terminal.print(
        JSON.stringify({ ok: isWhole, rules, left, notes, ...(output === undefined && { sql }) }),
      );
    } else {
      for (const { rule, note } of notes) terminal.say(rule === "" ? note : `${rule}: ${note}`);
    }
    return isWhole ? EXIT.ok : EXIT.failed;
  },
});
