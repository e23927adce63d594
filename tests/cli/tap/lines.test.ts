import { describe, expect, test } from "bun:test";
import { columnsOf } from "../../../src/cli/screen/columns.ts";
import { painter } from "../../../src/cli/screen/styles.ts";
import { lineOfMessage, noticeOf } from "../../../src/cli/tap/lines.ts";
import type { TapMessage } from "../../../src/cli/tap/messages.ts";
import { HOSTILE_NAMES } from "../../support/staged-pipeline.ts";

type Shown = Parameters<typeof lineOfMessage>[0];

const nowMs = 1_700_000_000_123;

function line(message: Shown, columns = 120): string {
  return lineOfMessage(message, { nowMs, columns, paint: painter(false) });
}

const ROW: Shown = {
  type: "row",
  rule: "r",
  name: "cpu",
  labels: { host: "a" },
  agg_func: "avg",
  window_start: 1_700_000_040,
  window_end: 1_700_000_100,
  value: 12.5,
  count: 1234,
  revision: 1,
  partial: true,
};

function eventOf(event: Record<string, unknown>): Shown {
  return { type: "event", at: "line 1", event };
}

describe("lineOfMessage()", () => {
  test("shows a row with its window, its value and what is special of it", () => {
    expect(line(ROW)).toMatch(
      /^22:13:20\.123 {2}row {6}r {2}cpu\{host="a"\} avg +12\.5 {2}22:14:00 to 22:15:00 {2}of 1,234, revision 1, partial$/,
    );
  });

  test("shows an event, whatever it is", () => {
    const event = { name: "cpu", value: 1, timestamp: 1_700_000_000.5, agg_func: "max" };
    expect(line(eventOf(event), 80)).toMatch(/event {4}cpu max +1 {2}at 22:13:20\.500$/);
    expect(line(eventOf({}))).toContain("nothing");
    expect(line(eventOf({ name: 7, value: "x", timestamp: 1e300, labels: 5 }))).toContain("1e+300");
  });

  test("shows what is refused, and why", () => {
    const refused = { reason: "late", detail: "by 3 s", at: "line 7", event: "{}\n" } as const;
    expect(line({ type: "refused", ...refused })).toEndWith("refused  late: by 3 s, at line 7: {}");
  });

  test.each([30, 40, 80, 200])("fits into %d columns and gives no orders", (columns) => {
    for (const name of [...HOSTILE_NAMES, "\u001b[2J\u009b2J", "a\r\nb", ""]) {
      const labels = { [name]: name };
      for (const message of [
        { ...ROW, name, labels, rule: name },
        eventOf({ name, labels, value: name, timestamp: name, agg_func: name }),
        { type: "refused", reason: "late", detail: name, at: name, event: name } as const,
      ]) {
        const shown = line(message, columns);
        expect(columnsOf(shown)).toBeLessThanOrEqual(columns);
        expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }
    }
  });
});

describe("noticeOf()", () => {
  test.each<[TapMessage, string | undefined]>([
    [{ type: "cut", error: "gone" }, "Connection lost: gone; trying again"],
    [
      { type: "resumed", missed: { events: 1200, rows: 0 } },
      "Connected again: 1,200 events passed meanwhile, no row missed",
    ],
    [{ type: "resumed", missed: null }, "Connected again, to a service that was started anew"],
    [
      { type: "counts", passed: 5, looked: 5, dropped: { events: 0, rows: 0, refused: 0 } },
      undefined,
    ],
    [
      { type: "counts", passed: 5000, looked: 100, dropped: { events: 50, rows: 2, refused: 0 } },
      "Left out within a second: 50 events, 2 rows; 4,900 passed unseen (see --rate and the filters)",
    ],
  ])("of %p", (message, notice) => {
    expect(noticeOf(message)).toBe(notice);
  });
});
