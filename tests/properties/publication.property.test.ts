import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { type Publication, type RecordChecks, readPublication } from "../../src/bus/publication.ts";
import { RequestError } from "../../src/bus/query.ts";
import { epochMicros } from "../../src/core/time.ts";
import { checkEvent, type EventRules } from "../../src/decode/check-event.ts";
import { LineCheck } from "../../src/decode/line-check.ts";
import { check, TIMEOUT_MS } from "../support/effort.ts";
import { ndjson } from "../support/event-lines.ts";

setDefaultTimeout(TIMEOUT_MS);

/** Bounds that cut through the times of the lines. */
const rules: EventRules = {
  functions: ["sum", "avg", "min", "count", "p\\9"],
  unit: "s",
  timeMin: epochMicros(-2_208_988_800_000_000),
  timeMax: epochMicros(7_258_118_400_000_000),
};
const slow: RecordChecks = { record: (record) => checkEvent(record, rules) };
// It lives on from case to case, so that names of one line meet those of all others.
const fast: RecordChecks = { ...slow, lines: new LineCheck(rules) };

const LINE_FEED = "\n";
const blanks = fc.constantFrom("", "", "", " ", "\n", "\r\n", "\t", "\n  ");
const bom = fc.constantFrom("", "", "", "", "\ufeff");

/** The lines as elements of an array, or of what is nearly one. */
const array = fc
  .record({
    lines: ndjson(8),
    bom,
    open: fc.constantFrom("[", "[", "[", "[", " [", "[[", "[,", "{"),
    close: fc.constantFrom("]", "]", "]", "]", "] \n", "", "]]", "}", "]x", ",]"),
    comma: fc.constantFrom(",", ",", ",", ",", ",,", ""),
    before: blanks,
    behind: blanks,
    keeps: fc.constantFrom("all", "objects", "objects"),
  })
  .map(({ lines, bom: mark, open, close, comma, before, behind, keeps }) => {
    const elements = latin(lines)
      .split(LINE_FEED)
      .map((line) => line.replace(/\r$/, ""))
      .filter((line) => keeps === "all" || isObject(line));
    const joined = elements.join(`${before}${comma}${behind}`);
    return Buffer.from(`${latin(Buffer.from(mark))}${open}${joined}${close}`, "latin1");
  });

const lines = fc
  .tuple(bom, ndjson(8), fc.constantFrom("", "\n", "\r\n", "\n\n \n"))
  .map(([mark, body, end]) => Buffer.concat([Buffer.from(mark), body, Buffer.from(end)]));

/** One record over several lines. */
const spread = fc
  .tuple(ndjson(1), fc.constantFrom("\n", "\r\n", " \n "))
  .map(([line, end]) => Buffer.from(latin(line).replaceAll(",", `,${end}`), "latin1"));

describe("readPublication()", () => {
  test("comes to the same with the fast check and without, for any lines", () => {
    check(fc.oneof(lines, spread), 4_000, (body) => {
      // Lines are stored as they came.
      expect(outcomeOf(body, fast)).toEqual(outcomeOf(body, slow));
    });
  });

  test("comes to the same with the fast check and without, for any array", () => {
    check(array, 4_000, (body) => {
      expect(eventsOf(outcomeOf(body, fast))).toEqual(eventsOf(outcomeOf(body, slow)));
    });
  });

  test("comes to the same for a body that is cut at any byte", () => {
    check(fc.oneof(lines, array), 60, (body) => {
      const step = body.length > 2_000 ? 17 : 1;
      for (let at = 0; at <= body.length; at += step) {
        const part = body.subarray(0, at);
        expect(eventsOf(outcomeOf(part, fast))).toEqual(eventsOf(outcomeOf(part, slow)));
      }
    });
  });
});

type Outcome = (Omit<Publication, "lines"> & { readonly stored: string }) | { error: string };

/** What the producer is told, and what is stored. */
function outcomeOf(body: Uint8Array, checks: RecordChecks): Outcome {
  const before = body.slice();
  try {
    const { lines: stored, ...told } = readPublication(body, checks);
    const text = latin(stored);
    expect(text === "" || text.endsWith(LINE_FEED)).toBe(true);
    expect(text.split(LINE_FEED).length - 1).toBe(told.accepted);
    return { ...told, stored: text };
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    return { error: `${thrown.status} ${thrown.message}` };
  } finally {
    expect(Buffer.compare(body, before)).toBe(0);
  }
}

/** The same with events in the place of lines: an element of an array may be stored anew or as it came. */
function eventsOf(outcome: Outcome): unknown {
  if ("error" in outcome) return outcome;
  const stored = Buffer.from(outcome.stored, "latin1").toString();
  const events = stored.split(LINE_FEED).flatMap((line) => {
    if (line === "") return [];
    const event = checkEvent(JSON.parse(line), rules);
    if (!event.ok) throw new Error(`Stored, but no event: ${line}`);
    // Written anew, a negative zero has lost its sign.
    return [{ ...event, value: event.value + 0 }];
  });
  return { ...outcome, stored: events };
}

function isObject(line: string): boolean {
  return line.startsWith("{") && line.endsWith("}");
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
