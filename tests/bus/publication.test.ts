import { describe, expect, test } from "bun:test";
import { type Publication, readPublication } from "../../src/bus/publication.ts";
import { epochMicros } from "../../src/core/time.ts";
import { checkEvent, type EventRules } from "../../src/decode/check-event.ts";
import { LineCheck } from "../../src/decode/line-check.ts";

const rules: EventRules = {
  functions: ["sum", "avg"],
  unit: "s",
  timeMin: epochMicros(0),
  timeMax: epochMicros(4_102_444_800_000_000),
};
const lines = new LineCheck(rules);

/** A publication, and how many of its records were looked at one by one. */
function read(body: string | Uint8Array): Publication & { text: string; slowly: number } {
  let slowly = 0;
  const record = (parsed: unknown) => {
    slowly++;
    return checkEvent(parsed, rules);
  };
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const publication = readPublication(bytes, { record, lines });
  return { ...publication, text: textOf(publication.lines), slowly };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const event = (i: number): string =>
  `{"name":"cpu.${i % 7}","value":${i}.5,"timestamp":${1_700_000_000 + i},"agg_func":"avg"}`;
const spaced = (i: number): string => event(i).replaceAll(":", ": ").replaceAll(",", ", ");
const many = (n: number, of = event): string[] => Array.from({ length: n }, (_, i) => of(i));
const ndjson = (all: readonly string[]): string => all.map((one) => `${one}\n`).join("");

describe("readPublication()", () => {
  test.each([
    ["NDJSON", ndjson(many(1_000)), many(1_000)],
    ["NDJSON that ends without a line feed", many(1_000).join("\n"), many(1_000)],
    ["NDJSON of another system", `\ufeff${many(1_000).join("\r\n")}\r\n`, many(1_000)],
    ["one event", event(1), [event(1)]],
    ["an array as JavaScript writes it", `[${many(1_000).join(",")}]`, many(1_000)],
    ["one as Python writes it", `[${many(1_000, spaced).join(", ")}]`, many(1_000, spaced)],
    ["one with a line for each element", `[\n  ${many(9).join(",\n  ")}\n]\n`, many(9)],
    ["one of one element", `[${event(1)}]`, [event(1)]],
    ["one of none", " [ ] ", []],
    ["more than is kept for it", ndjson(many(20_000)), many(20_000)],
    ["an array of more than that", `[${many(20_000).join(",")}]`, many(20_000)],
  ])("reads %s without an object for each event", (_, body, stored) => {
    const { text, accepted, rejected, rejectedCount, slowly } = read(body);
    expect({ accepted, rejected, rejectedCount, slowly }).toEqual({
      accepted: stored.length,
      rejected: [],
      rejectedCount: 0,
      slowly: 0,
    });
    expect(text).toBe(ndjson(stored));
  });

  test("looks closely at those lines alone that are not as usual", () => {
    const labelled = `{"name":"a","value":1,"timestamp":2,"x":{"zone":"b"}}`;
    const all = many(100).flatMap((one, i) =>
      i % 10 === 3 ? [one, ` ${labelled}\t`, "", "{", "7"] : [one],
    );
    const { text, accepted, rejected, slowly } = read(ndjson(all));
    expect([accepted, slowly]).toEqual([110, 20]);
    expect(rejected.slice(0, 3)).toEqual([
      { index: 5, reason: "invalid_json", detail: "record is not JSON" },
      { index: 6, reason: "invalid_json", detail: "event is 7, not an object" },
      { index: 18, reason: "invalid_json", detail: "record is not JSON" },
    ]);
    const kept = all.filter((line) => line.length > 2).map((line) => line.trim());
    expect(text).toBe(ndjson(kept));
  });

  test("hands a body of nothing but events on as it is, without a copy", () => {
    const body = new TextEncoder().encode(ndjson(many(10)));
    const { lines: stored } = read(body);
    expect(stored.buffer).toBe(body.buffer);
    expect(stored.length).toBe(body.length);
  });

  test("keeps nothing in memory that the next publication writes over", () => {
    const first = read(`[${many(10).join(",")}]`);
    read(`[${many(10, () => event(99)).join(",")}]`);
    expect(textOf(first.lines)).toBe(ndjson(many(10)));
  });

  test("counts the bytes of what it writes anew, not its characters", () => {
    const text = "\u20ac".repeat(400_000);
    const long = `[{"name":"a","value":1,"timestamp":1,"x":"${text}"},${event(1)}]`;
    const { accepted, rejected } = read(long);
    expect(accepted).toBe(1);
    expect(rejected).toEqual([
      {
        index: 0,
        reason: "too_large",
        detail: "record has 1200043 bytes, more than 1048576",
      },
    ]);
  });
});
