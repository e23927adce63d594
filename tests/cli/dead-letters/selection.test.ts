import { describe, expect, test } from "bun:test";
import { rangeOf, within } from "../../../src/cli/dead-letters/selection.ts";
import type { DeadLetterView } from "../../../src/pipeline/view.ts";

const NOW = 1_700_000_000;
const none = { after: undefined, since: undefined, until: undefined };

function letters(...times: readonly number[]): AsyncIterable<DeadLetterView> {
  return (async function* () {
    for (const [i, received_at] of times.entries()) {
      yield {
        seq: i + 1,
        reason: "late",
        detail: "",
        event: "{}",
        at: "line 1",
        received_at,
      } as const;
    }
  })();
}

type Given = Partial<Record<keyof typeof none, string>>;

async function seqs(values: Given, ...times: readonly number[]): Promise<number[]> {
  const range = rangeOf({ ...none, ...values }, NOW);
  return (await Array.fromAsync(within(letters(...times), range))).map(({ seq }) => seq);
}

describe("the range of dead letters", () => {
  test("is [since, until), and behind a number", async () => {
    const times = [NOW - 7200, NOW - 3600, NOW - 1, NOW];
    expect(await seqs({}, ...times)).toEqual([1, 2, 3, 4]);
    expect(await seqs({ since: "1h" }, ...times)).toEqual([2, 3, 4]);
    expect(await seqs({ until: "1h" }, ...times)).toEqual([1]);
    expect(await seqs({ after: "2", until: "0s" }, ...times)).toEqual([3]);
  });

  test("takes moments and days of UTC", () => {
    const at = (since: string): number => rangeOf({ ...none, since }, NOW).since;
    expect(at("2023-11-14")).toBe(Date.UTC(2023, 10, 14) / 1000);
    expect(at("2023-11-14T22:13:20Z")).toBe(NOW);
    expect(at("2023-11-14T23:13:20+01:00")).toBe(NOW);
  });

  test.each(["yesterday", "2023-13-01", "2023-11-14T22:13", "-1h", ""])("refuses %p", (since) => {
    expect(() => rangeOf({ ...none, since }, NOW)).toThrow(
      /for --since: must be a duration before now/,
    );
  });
});
