import { describe, expect, test } from "bun:test";
import { countLetters, showLetters } from "../../../src/cli/dead-letters/show.ts";
import type { DeadLetterView } from "../../../src/pipeline/view.ts";
import { captureTerminal } from "../../support/capture-terminal.ts";

function letterOf(more: Partial<DeadLetterView> = {}): DeadLetterView {
  const usual = {
    seq: 1,
    reason: "late",
    detail: "by 3 s",
    at: "line 1",
    event: '{"name":"a"}\n',
  } as const;
  return { ...usual, received_at: 1_700_000_000, ...more };
}

function lettersOf(...all: readonly DeadLetterView[]): AsyncIterable<DeadLetterView> {
  return (async function* () {
    yield* all;
  })();
}

describe("showLetters()", () => {
  test("shows a page on a terminal and how to go on; everything elsewhere", async () => {
    const many = Array.from({ length: 60 }, (_, i) => letterOf({ seq: i + 1 }));
    const screen = captureTerminal({ screen: "interactive" });
    const options = { json: false, limit: undefined };
    await showLetters(lettersOf(...many), { ...options, terminal: screen.terminal });
    expect(screen.written.stdout.split("\n").length).toBe(101);
    expect(screen.written.stderr).toBe(
      "There are more: --after 50 shows them, --limit more at once\n",
    );
    const pipe = captureTerminal();
    await showLetters(lettersOf(...many), { ...options, terminal: pipe.terminal });
    expect(pipe.written.stdout.split("\n").length).toBe(121);
    expect(pipe.written.stderr).toBe("");
  });

  test("gives so many objects as are asked for, one a line", async () => {
    const { terminal, written } = captureTerminal();
    await showLetters(lettersOf(letterOf(), letterOf({ seq: 2 })), {
      json: true,
      limit: 1,
      terminal,
    });
    expect(written.stdout).toBe(`${JSON.stringify(letterOf())}\n`);
  });

  test("gives no orders to the screen, whatever an event holds", async () => {
    const { terminal, written } = captureTerminal({ screen: "interactive" });
    terminal.withoutColours();
    const evil = '{"name":"\u001b[2J\u202e"}';
    await showLetters(lettersOf(letterOf({ event: evil, detail: evil, at: evil })), {
      json: false,
      limit: undefined,
      terminal,
    });
    expect(written.stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(written.stdout).toContain("\\u001b[2J\\u202e");
  });
});

describe("countLetters()", () => {
  const some = [
    letterOf({ received_at: 1_700_000_005 }),
    letterOf(),
    letterOf({ reason: "future", received_at: 1_700_000_001 }),
  ];

  test("counts by reason, the most first", async () => {
    const { terminal, written } = captureTerminal();
    await countLetters(lettersOf(...some), { json: false, terminal });
    expect(written.stdout.split("\n")).toEqual([
      "REASON  COUNT  OLDEST                   NEWEST",
      "late        2  2023-11-14 22:13:20 UTC  2023-11-14 22:13:25 UTC",
      "future      1  2023-11-14 22:13:21 UTC  2023-11-14 22:13:21 UTC",
      "all         3",
      "",
    ]);
  });

  test("counts for programs, also where there are none", async () => {
    const { terminal, written } = captureTerminal();
    await countLetters(lettersOf(...some), { json: true, terminal });
    await countLetters(lettersOf(), { json: true, terminal });
    expect(
      written.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { total: 3, reasons: { late: 2, future: 1 }, oldest: 1_700_000_000, newest: 1_700_000_005 },
      { total: 0, reasons: {}, oldest: null, newest: null },
    ]);
  });
});
