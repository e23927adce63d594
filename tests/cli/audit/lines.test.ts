import { expect, test } from "bun:test";
import { auditLines } from "../../../src/cli/audit/lines.ts";
import { painter } from "../../../src/cli/screen/styles.ts";
import { emptyLedger } from "../../../src/core/ledger.ts";

const account = (counts: object, balanced = true) => ({ ...emptyLedger(), ...counts, balanced });

test("an audit is an equation for the pipeline and for each rule", () => {
  const report = {
    ...account({ received: 12_345, aggregated: 12_340, late: 5, gaps: 7 }),
    rules: {
      per_minute: account({ received: 10, aggregated: 10, late_partial: 2 }),
      "evil\u001b[2J": account({}),
    },
  };
  expect(auditLines(report, painter(false))).toEqual([
    "               BALANCE  RECEIVED  BECAME                     BESIDE",
    "pipeline       right      12,345  12,340 aggregated, 5 late  7 gaps",
    "per_minute     right          10  10 aggregated              2 late_partial",
    "evil\\u001b[2J  right           0  nothing yet",
  ]);
});

test("an audit says how many events are missing, or too many, and where", () => {
  const report = {
    ...account({ received: 6, aggregated: 4, late: 1 }, false),
    rules: {
      a: account({ received: 1, aggregated: 2 }, false),
      b: account({ received: 3 }, false),
    },
  };
  expect(auditLines(report, painter(false))).toEqual([
    "          BALANCE  RECEIVED  BECAME",
    "pipeline  WRONG           6  4 aggregated, 1 late, 1 NOT ACCOUNTED FOR",
    "a         WRONG           1  2 aggregated, 1 MORE than received",
    "b         WRONG           3  3 NOT ACCOUNTED FOR",
  ]);
  expect(auditLines(report, painter(true)).join("\n")).toContain("\u001b[31mWRONG");
});
