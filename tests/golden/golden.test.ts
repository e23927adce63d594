import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { caseFolders, readCase } from "../../src/cli/cases/case-folder.ts";
import { isRight, judge, testCaseOf } from "../../src/cli/cases/judge.ts";
import { reportOf } from "../../src/cli/cases/report.ts";
import { loadConfig } from "../../src/config/load.ts";
import { runCase } from "../../src/pipeline/cases/case-run.ts";

// What `aggregator test tests/golden` does, so that a case that fails is named by the test runner, too.

const here = import.meta.dir;
const names = caseFolders(here, "golden").map((folder) => folder.slice(here.length + 1));

describe.each(names)("golden case %s", (name) => {
  const folder = readCase(join(here, name), here);
  const load = () => loadConfig({ path: folder.config, cwd: here, env: {} });

  test("gives the expected rows, ledger and dead letters, however it is cut, shuffled and restored", async () => {
    expect([folder.config, folder.rows, folder.deadLetters, folder.ledger]).not.toContain(
      undefined,
    );
    const verdict = judge(folder, await load());
    expect(isRight(verdict), reportOf(verdict).join("\n")).toBe(true);
  });

  test("leaves nothing of a forgotten window in the state", async () => {
    const testCase = { ...testCaseOf(folder, await load()), ends: true };
    const outcome = runCase(testCase, { batchLines: () => 1, crashEvery: 2 });
    expect(outcome.pagesOfWindows).toBe(0);
  });
});
