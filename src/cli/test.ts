import { dirname, join, resolve } from "node:path";
import { CONFIG_FILE, loadConfig } from "../config/load.ts";
import { ConfigError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { configArg, jsonArg } from "./args.ts";
import { type CaseFolder, caseFolders, readCase } from "./cases/case-folder.ts";
import { isRight, judge, type Verdict } from "./cases/judge.ts";
import { counted, jsonOf, reportOf } from "./cases/report.ts";
import { updateCase } from "./cases/update.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { EXIT } from "./exit.ts";

/** Where cases are looked for, beside the configuration, when no folder is named. */
const CASES_FOLDER = "cases";

export const test = defineCommand({
  name: "test",
  summary: "Run the test cases of a configuration, each in every way, on a virtual clock",
  details: [
    "A case is a folder with events.ndjson and expected.ndjson: the rows as a sink has them in the end.",
    "Fields that are left out are not compared. What it may hold besides:",
    "  aggregator.config.ts          its own configuration",
    '  case.json                     the clock: {"now": 1700000000, "pauses": [{"after": 2, "for": "15s"}],',
    '                                "end": false}; and "tolerance": 1e-9 for numbers',
    "  expected-dead-letters.ndjson  what is refused, as at and reason",
    "  expected-ledger.json          the counts; those left out are 0",
    "  expected-alerts.ndjson        what alerts go through: alert, state, at, labels, value",
    "",
    "Each case runs straight, in batches of one line, shuffled with several seeds, and restored from its state",
    "after every 1, 2, 3 and 5 lines. All must agree in all but the revision of a row; after a shuffle numbers",
    "may differ by 1e-9, since sums hang on the order in their last digits.",
    "A shuffle keeps every event within outOfOrderness of the newest one before it. Events that are behind the",
    "watermark, and those whose id comes again, keep their place; events of one time keep their order, which",
    "first and last go by. Where a series is over maxSeries nothing is shuffled.",
    "",
    "The clock stands still between two events. Without now it is long after all of them, so that none is future;",
    "in a pause nothing comes, and the idle rule counts. With end: false windows stay open in the end.",
  ],
  args: {
    dir: {
      type: "positional",
      required: false,
      description: "Folders of cases, or cases. Default: cases, beside the configuration",
    },
    config: configArg,
    update: { type: "boolean", description: "Write what the straight run gives as expected" },
    json: jsonArg,
  },
  takesMore: true,
  completes: { dir: "folder" },
  failsWhen: "a case is not as expected",
  examples: [
    { line: "aggregator test", does: "Every case in the folder cases" },
    { line: "aggregator test cases/late cases/dst", does: "Some of them" },
    {
      line: "aggregator test cases/new --update",
      does: "Keep what it gives now; read it before you believe it",
    },
  ],
  async run({ dir, config, update, json }, context, more) {
    const { terminal, cwd } = context;
    const dirs = dir === undefined ? [defaultDir(config, cwd)] : [dir, ...more];
    const folders = [...new Set(dirs.flatMap((one) => caseFolders(resolve(cwd, one), one)))];
    const shared = new SharedConfig(config, context);
    const verdicts: Verdict[] = [];
    try {
      for (const [i, folder] of folders.entries()) {
        const read = readCase(folder, cwd);
        terminal.pin(`${i + 1} of ${folders.length}  ${read.name}`.slice(0, terminal.columns - 1));
        const settings = await settingsOf(read, shared);
        const verdict = update ? updated(read, settings, context) : judge(read, settings);
        verdicts.push(verdict);
        if (!json) terminal.print(reportOf(verdict).join("\n"));
        // A signal, and the bar, have their turn between two cases.
        await new Promise((resume) => setTimeout(resume));
      }
    } finally {
      terminal.pin("");
    }
    const failed = verdicts.filter((verdict) => !isRight(verdict)).length;
    const passed = verdicts.length - failed;
    if (json) {
      const cases = verdicts.map(jsonOf);
      terminal.print(JSON.stringify({ ok: failed === 0, passed, failed, cases }));
    } else {
      const runs = verdicts.reduce((sum, one) => sum + one.runs.length, 0);
      const ran = `${counted(verdicts.length, "case")}, ${counted(runs, "run")}`;
      terminal.print(
        failed === 0 ? `All right: ${ran}` : `${failed} failed, ${passed} right: ${ran}`,
      );
    }
    return failed === 0 ? EXIT.ok : EXIT.failed;
  },
});

function defaultDir(config: string | undefined, cwd: string): string {
  return config === undefined ? CASES_FOLDER : join(dirname(resolve(cwd, config)), CASES_FOLDER);
}

/** The configuration of the cases that have none of their own: read once, when the first one wants it. */
class SharedConfig {
  readonly #path: string | undefined;
  readonly #context: CommandContext;
  #settings: Promise<Settings> | undefined;

  constructor(path: string | undefined, context: CommandContext) {
    this.#path = path;
    this.#context = context;
  }

  get(): Promise<Settings> {
    this.#settings ??= this.load(this.#path);
    return this.#settings;
  }

  async load(path: string | undefined): Promise<Settings> {
    const { cwd, env, terminal } = this.#context;
    const settings = await loadConfig({ path, cwd, env });
    terminal.hide(settings.secrets);
    return settings;
  }
}

async function settingsOf(folder: CaseFolder, shared: SharedConfig): Promise<Settings> {
  if (folder.config === undefined) return shared.get();
  try {
    return await shared.load(folder.config);
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    const file = join(folder.name, CONFIG_FILE);
    throw new ConfigError(
      failure.issues.map(({ path, message }) => {
        return { path: path === "" ? file : `${file}: ${path}`, message };
      }),
    );
  }
}

/** Runs that do not agree are no expectation: nothing is written then. */
function updated(folder: CaseFolder, settings: Settings, { terminal }: CommandContext): Verdict {
  const before = judge(folder, settings);
  if (before.disagreements.length > 0) return before;
  const files = updateCase(folder, before.straight, before.alertChanges);
  terminal.say(`Wrote ${files.map((file) => join(folder.name, file)).join(", ")}`);
  return { ...before, problems: [], rows: [], deadLetters: [], ledger: [], alerts: [] };
}
