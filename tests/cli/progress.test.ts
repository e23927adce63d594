import { describe, expect, test } from "bun:test";
import { openProgressBar, renderProgress } from "../../src/cli/progress.ts";
import { epochMicros } from "../../src/core/time.ts";
import { captureTerminal } from "../support/capture-terminal.ts";

describe("renderProgress()", () => {
  test("shows share, bytes, events, rate and the time left", () => {
    const line = renderProgress({
      bytes: 250_000_000,
      bytesTotal: 1_000_000_000,
      events: 2_500_000,
      elapsedMs: 10_000,
    });
    expect(line).toBe(
      "██████░░░░░░░░░░░░░░░░░░  25 %  250 MB of 1.00 GB  2.50M events  250k events/s  0:30 left",
    );
  });

  test("shows no share where the total is unknown", () => {
    const line = renderProgress({
      bytes: 1536,
      bytesTotal: undefined,
      events: 12,
      elapsedMs: 2000,
    });
    expect(line).toBe("1.54 kB  12 events  6 events/s");
  });

  test("neither divides by zero nor passes the end", () => {
    expect(renderProgress({ bytes: 0, bytesTotal: 0, events: 0, elapsedMs: 0 })).toBe(
      "0 B  0 events",
    );
    expect(renderProgress({ bytes: 0, bytesTotal: 10, events: 0, elapsedMs: 0 })).toContain(
      "  0 %",
    );
    expect(renderProgress({ bytes: 12, bytesTotal: 10, events: 0, elapsedMs: 1 })).toContain(
      "100 %",
    );
  });

  test.each([
    [3_723_000, "1:02:03 left"],
    [59_400, "1:00 left"],
    [1, "0:01 left"],
  ])("writes the time left: half done after %p ms is %s", (elapsedMs, left) => {
    expect(renderProgress({ bytes: 1, bytesTotal: 2, events: 0, elapsedMs })).toEndWith(left);
  });

  test.each([
    [999, "999 events"],
    [999_499, "999k events"],
    [999_600, "1.00M events"],
  ])("writes %p as %s", (events, text) => {
    expect(renderProgress({ bytes: 0, bytesTotal: undefined, events, elapsedMs: 0 })).toEndWith(
      text,
    );
  });
});

describe("openProgressBar()", () => {
  test("draws at most ten times a second, and goes away", () => {
    const { terminal, written } = captureTerminal({ screen: "interactive" });
    const clock = manualClock();
    const bar = openProgressBar(terminal, { clock, bytesTotal: 100 });
    bar.update({ bytes: 10, events: 1 });
    clock.ms += 99;
    bar.update({ bytes: 20, events: 2 });
    clock.ms += 1;
    bar.update({ bytes: 30, events: 3 });
    bar.close();
    const drawn = written.stderr.split("\r\u001b[K").slice(1);
    expect(drawn).toHaveLength(3);
    expect(drawn[0]).toContain(" 10 %");
    expect(drawn[1]).toContain(" 30 %");
    expect(drawn[2]).toBe("");
    for (const line of drawn) expect(line.length).toBeLessThan(80);
  });

  test("writes nothing where nobody watches", () => {
    const { terminal, written } = captureTerminal();
    const bar = openProgressBar(terminal, { clock: manualClock(), bytesTotal: 100 });
    bar.update({ bytes: 10, events: 1 });
    bar.close();
    expect(written.stderr).toBe("");
  });
});

function manualClock() {
  return {
    ms: 0,
    now: () => epochMicros(0),
    monotonicMs(): number {
      return this.ms;
    },
    sleep: () => Promise.resolve(),
  };
}
