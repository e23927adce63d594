import { calendar, hopping, ruleOf, session } from "../engine-input.ts";
import type { Example } from "./script.ts";

/** 2024-03-31T00:00:00Z, 2024-10-27, 2018-11-04, 2023-11-05, 2011-12-29 and 2006-10-29. */
const BERLIN_SPRING = 1_711_843_200;
const BERLIN_AUTUMN = 1_729_987_200;
const SAO_PAULO = 1_541_289_600;
const HAVANA = 1_699_142_400;
const APIA = 1_325_116_800;
const ST_JOHNS = 1_162_080_000;
const HOUR = 3_600;
const DAY = 86_400;

const windows: readonly Example[] = [
  {
    title: "hopping: an event is in all windows that contain it",
    rules: [ruleOf({ window: hopping(10, 5) })],
    acts: [
      { at: 3, value: 1 },
      { at: 7, value: 2 },
      { at: 12, value: 4 },
      { at: 15, value: 8 },
    ],
    rows: [
      "r a sum [-5,5) = 1 (n=1)",
      "r a sum [0,10) = 3 (n=2)",
      "r a sum [5,15) = 6 (n=2)",
      "r a sum [10,20) = 12 (n=2)",
      "r a sum [15,25) = 8 (n=1)",
    ],
  },
  {
    title: "hopping: a length that no step divides, with an offset",
    rules: [ruleOf({ window: hopping(10, 4, 1) })],
    acts: [{ at: 9, value: 1 }],
    rows: ["r a sum [1,11) = 1 (n=1)", "r a sum [5,15) = 1 (n=1)", "r a sum [9,19) = 1 (n=1)"],
  },
  {
    title: "hopping: late is what all its windows have been forgotten for",
    rules: [ruleOf({ window: hopping(10, 5) })],
    acts: [
      { at: 12, value: 1 },
      { at: 8, value: 2 }, // [0,10) is forgotten, [5,15) is not
      { at: 4, value: 4 },
    ],
    rows: ["r a sum [5,15) = 3 (n=2)", "r a sum [10,20) = 1 (n=1)"],
    refused: ["2 late"],
    ledger: { received: 3, aggregated: 2, late: 1, late_partial: 1 },
  },
  {
    title: "session: as far as the gap is a new one, closer is not",
    rules: [ruleOf({ window: session(10), named: ["sum"] })],
    acts: [
      { at: 0, value: 1 },
      { at: 9.999999, value: 2 },
      { at: 19.999999, value: 4 },
    ],
    rows: ["r a sum [0,19.999999) = 3 (n=2)", "r a sum [19.999999,29.999999) = 4 (n=1)"],
  },
  {
    title: "session: a late event bridges two that were told, and the later one's row goes",
    rules: [ruleOf({ window: session(10), lateness: 60 })],
    acts: [
      { at: 0, value: 1 },
      { at: 15, value: 2 },
      { at: 40, value: 4 },
      "collect",
      { at: 7, value: 8 },
    ],
    rows: ["r a sum [0,25) = 11 (n=3)", "r a sum [40,50) = 4 (n=1)"],
  },
  {
    title: "session: an earlier event moves the start, and the row of the old start goes",
    rules: [ruleOf({ window: session(10), lateness: 60 })],
    acts: [{ at: 20, value: 1 }, { at: 40, value: 2 }, "collect", { at: 12, value: 4 }],
    rows: ["r a sum [12,30) = 5 (n=2)", "r a sum [40,50) = 2 (n=1)"],
  },
  {
    title: "session: one that was told goes on, and is told again",
    rules: [ruleOf({ window: session(10), lateness: 60 })],
    acts: [
      { at: 0, value: 1 },
      { name: "b", at: 30 },
      "collect",
      { at: 9 },
      { at: 18 },
      { at: 27 },
    ],
    rows: ["r a sum [0,37) = 4 (n=4)", "r b sum [30,40) = 1 (n=1)"],
  },
  {
    title: "session: late by itself, and late before the end of a forgotten one",
    rules: [ruleOf({ window: session(10), lateness: 5 })],
    acts: [
      { at: 0, value: 1 },
      { at: 8, value: 2 }, // [0,18) is forgotten at 23
      { name: "b", at: 22.5, value: 4 },
      { name: "c", at: 7.500001, value: 8 }, // would be forgotten at 22.500001
      { name: "c", at: 7.5, value: 16 }, // joins it
      { name: "d", at: 7.5, value: 32 }, // would be forgotten at 22.5
      { name: "b", at: 23, value: 64 },
      { at: 17.999999, value: 128 }, // before the end of what is forgotten
      { at: 18, value: 256 },
    ],
    rows: [
      "r a sum [0,18) = 3 (n=2)",
      "r a sum [18,28) = 256 (n=1)",
      "r b sum [22.5,33) = 68 (n=2)",
      "r c sum [7.5,17.500001) = 24 (n=2)",
    ],
    refused: ["5 late", "7 late"],
  },
];

const overlapping: readonly Example[] = [
  {
    title: "session: what lies before the end of a forgotten one is late, near another or not",
    rules: [ruleOf({ window: session(20) })],
    acts: [
      { at: 0, value: 1 },
      { at: 20, value: 2 }, // [0,20) is forgotten
      { at: 19, value: 4 }, // a second from the session held, and within the forgotten one
      { at: 0, value: 8 },
    ],
    rows: ["r a sum [0,20) = 1 (n=1)", "r a sum [20,40) = 2 (n=1)"],
    refused: ["2 late", "3 late"],
  },
];

const civil: readonly Example[] = [
  {
    title: "calendar: a day of 23 hours and one of 25",
    rules: [ruleOf({ window: calendar("day", "Europe/Berlin") })],
    acts: [
      { at: BERLIN_SPRING - HOUR, value: 1 },
      { at: BERLIN_SPRING + 22 * HOUR - 1, value: 2 },
      { at: BERLIN_SPRING + 22 * HOUR, value: 4 },
      { at: BERLIN_AUTUMN - 2 * HOUR, value: 8 },
      { at: BERLIN_AUTUMN + 23 * HOUR - 1, value: 16 },
      { at: BERLIN_AUTUMN + 23 * HOUR, value: 32 },
    ],
    rows: [
      `r a sum [${BERLIN_SPRING - HOUR},${BERLIN_SPRING + 22 * HOUR}) = 3 (n=2)`,
      `r a sum [${BERLIN_SPRING + 22 * HOUR},${BERLIN_SPRING + 46 * HOUR}) = 4 (n=1)`,
      `r a sum [${BERLIN_AUTUMN - 2 * HOUR},${BERLIN_AUTUMN + 23 * HOUR}) = 24 (n=2)`,
      `r a sum [${BERLIN_AUTUMN + 23 * HOUR},${BERLIN_AUTUMN + 47 * HOUR}) = 32 (n=1)`,
    ],
  },
  {
    title: "calendar: a day without a midnight begins at one o'clock",
    rules: [ruleOf({ window: calendar("day", "America/Sao_Paulo") })],
    acts: [
      { at: SAO_PAULO + 3 * HOUR - 1, value: 1 },
      { at: SAO_PAULO + 3 * HOUR, value: 2 },
      { at: SAO_PAULO + DAY + 2 * HOUR, value: 4 },
    ],
    rows: [
      `r a sum [${SAO_PAULO - DAY + 3 * HOUR},${SAO_PAULO + 3 * HOUR}) = 1 (n=1)`,
      `r a sum [${SAO_PAULO + 3 * HOUR},${SAO_PAULO + DAY + 2 * HOUR}) = 2 (n=1)`,
      `r a sum [${SAO_PAULO + DAY + 2 * HOUR},${SAO_PAULO + 2 * DAY + 2 * HOUR}) = 4 (n=1)`,
    ],
  },
  {
    title: "calendar: of two midnights the earlier begins the day",
    rules: [ruleOf({ window: calendar("day", "America/Havana") })],
    acts: [
      { at: HAVANA + 4 * HOUR - 1, value: 1 },
      { at: HAVANA + 4 * HOUR, value: 2 },
      { at: HAVANA + 5 * HOUR, value: 4 }, // midnight once more
      { at: HAVANA + 29 * HOUR - 1, value: 8 },
    ],
    rows: [
      `r a sum [${HAVANA - 20 * HOUR},${HAVANA + 4 * HOUR}) = 1 (n=1)`,
      `r a sum [${HAVANA + 4 * HOUR},${HAVANA + 29 * HOUR}) = 14 (n=3)`,
    ],
  },
  {
    title: "calendar: back over midnight, a minute after it: the new day goes on",
    rules: [ruleOf({ window: calendar("day", "America/St_Johns") })],
    acts: [
      { at: ST_JOHNS + 2.5 * HOUR - 1, value: 1 },
      { at: ST_JOHNS + 2.5 * HOUR, value: 2 }, // 00:00 of the 29th
      { at: ST_JOHNS + 2.5 * HOUR + 60, value: 4 }, // 23:01 of the 28th once more
      { at: ST_JOHNS + 3.5 * HOUR, value: 8 }, // 00:00 of the 29th once more
      { at: ST_JOHNS + 27.5 * HOUR, value: 16 },
    ],
    rows: [
      `r a sum [${ST_JOHNS - 21.5 * HOUR},${ST_JOHNS + 2.5 * HOUR}) = 1 (n=1)`,
      `r a sum [${ST_JOHNS + 2.5 * HOUR},${ST_JOHNS + 27.5 * HOUR}) = 14 (n=3)`,
      `r a sum [${ST_JOHNS + 27.5 * HOUR},${ST_JOHNS + 51.5 * HOUR}) = 16 (n=1)`,
    ],
  },
  {
    title: "calendar: a day that never was has no window, nor a gap",
    rules: [
      ruleOf({ window: calendar("day", "Pacific/Apia"), fill: { with: "zero", for: 2 * DAY } }),
    ],
    acts: [
      { at: APIA + 10 * HOUR, value: 1 }, // 00:00 of the 29th
      { at: APIA + 4 * DAY + 10 * HOUR, value: 2 }, // 00:00 of the 3rd
    ],
    ends: false,
    rows: [
      `r a sum [${APIA + 10 * HOUR},${APIA + DAY + 10 * HOUR}) = 1 (n=1)`,
      `r a sum [${APIA + DAY + 10 * HOUR},${APIA + 2 * DAY + 10 * HOUR}) = 0 (n=0) filled`,
      `r a sum [${APIA + 2 * DAY + 10 * HOUR},${APIA + 3 * DAY + 10 * HOUR}) = 0 (n=0) filled`,
    ],
  },
  {
    title: "calendar: weeks from Sunday, months, quarters and years",
    rules: [
      ruleOf({ name: "w", window: calendar("week", "UTC", 7) }),
      ruleOf({ name: "m", window: calendar("month") }),
      ruleOf({ name: "q", window: calendar("quarter") }),
      ruleOf({ name: "y", window: calendar("year") }),
    ],
    acts: [{ at: 1_709_164_800 }], // Thursday 2024-02-29
    rows: [
      "m a sum [1706745600,1709251200) = 1 (n=1)", // 1 February to 1 March
      "q a sum [1704067200,1711929600) = 1 (n=1)", // 1 January to 1 April
      "w a sum [1708819200,1709424000) = 1 (n=1)", // Sunday 25 February to Sunday 3 March
      "y a sum [1704067200,1735689600) = 1 (n=1)",
    ],
  },
  {
    title: "calendar: an hour is an absolute one, in any zone",
    rules: [ruleOf({ window: calendar("hour", "Asia/Kolkata") })],
    acts: [{ at: BERLIN_SPRING + 1 }],
    rows: [`r a sum [${BERLIN_SPRING},${BERLIN_SPRING + HOUR}) = 1 (n=1)`],
  },
];

const minutes = ruleOf({ name: "m", size: 60, lateness: 30, named: ["sum", "avg"] });

const choices: readonly Example[] = [
  {
    title: "cascade: from accumulators, each lower window once, and what was late below is late",
    rules: [minutes, ruleOf({ name: "h", size: 120, named: ["sum", "avg"], from: "m" })],
    acts: [
      { at: 0, value: 1 },
      { at: 70, value: 2 },
      { at: 50, value: 4 }, // late for the minute, within the allowance
      { at: 71, value: 5 },
      { at: 130, value: 8 },
      { at: 20, value: 16 }, // too late
    ],
    rows: [
      "h a avg [0,120) = 3 (n=4)",
      "h a avg [120,240) = 8 (n=1)",
      "h a sum [0,120) = 12 (n=4)",
      "h a sum [120,240) = 8 (n=1)",
      "m a avg [0,60) = 2.5 (n=2)",
      "m a avg [120,180) = 8 (n=1)",
      "m a avg [60,120) = 3.5 (n=2)",
      "m a sum [0,60) = 5 (n=2)",
      "m a sum [120,180) = 8 (n=1)",
      "m a sum [60,120) = 7 (n=2)",
    ],
    refused: ["5 late"],
  },
  {
    title: "cascade: the upper watermark is behind by what the lower rule waits",
    rules: [minutes, ruleOf({ name: "h", size: 120, named: ["sum"], from: "m" })],
    acts: [{ at: 0 }, { at: 149.999999 }],
    ends: false,
    rows: ["m a avg [0,60) = 1 (n=1)", "m a sum [0,60) = 1 (n=1)"],
  },
  {
    title: "emit final: once, when the window is forgotten",
    rules: [ruleOf({ emit: "final", lateness: 30 })],
    acts: [
      { at: 0, value: 1 },
      { at: 89.999999, value: 2 },
    ],
    ends: false,
    rows: [],
  },
  {
    title: "fill: zero, null and the one before, as long as is asked for",
    rules: (["zero", "null", "previous"] as const).map((fill) =>
      ruleOf({ name: fill, size: 10, fill: { with: fill, for: 29 } }),
    ),
    acts: [
      { at: 15, value: 4 },
      { at: 65, value: 8 },
    ],
    ends: false,
    rows: [
      "null a sum [10,20) = 4 (n=1)",
      "null a sum [20,30) = null (n=0) filled",
      "null a sum [30,40) = null (n=0) filled",
      "previous a sum [10,20) = 4 (n=1)",
      "previous a sum [20,30) = 4 (n=0) filled",
      "previous a sum [30,40) = 4 (n=0) filled",
      "zero a sum [10,20) = 4 (n=1)",
      "zero a sum [20,30) = 0 (n=0) filled",
      "zero a sum [30,40) = 0 (n=0) filled",
    ],
  },
  {
    title: "fill: a late event comes into a window that was filled",
    rules: [ruleOf({ size: 10, lateness: 60, fill: { with: "zero", for: 20 } })],
    acts: [
      { at: 5, value: 1 },
      { at: 35, value: 2 },
      "collect",
      { at: 15, value: 4 },
      { at: 40, name: "b" },
    ],
    ends: false,
    rows: [
      "r a sum [0,10) = 1 (n=1)",
      "r a sum [10,20) = 4 (n=1)",
      "r a sum [20,30) = 0 (n=0) filled",
      "r a sum [30,40) = 2 (n=1)",
    ],
  },
  {
    title: "fill: while it is quiet the clock fills, as long as is asked for",
    rules: [ruleOf({ size: 10, fill: { with: "zero", for: 20 } })],
    acts: [{ at: 5 }, { quiet: 3_600 }],
    ends: false,
    rows: [
      "r a sum [0,10) = 1 (n=1)",
      "r a sum [10,20) = 0 (n=0) filled",
      "r a sum [20,30) = 0 (n=0) filled",
    ],
  },
  {
    title: "match, where, map and groupBy: what each rule takes, and as what",
    rules: [
      ruleOf({
        name: "m",
        match: { name: ["http.*"], labels: new Map([["host", ["a?", "b"]]]) },
        groupBy: { name: true, labels: ["host", "zone"] },
      }),
      ruleOf({
        name: "w",
        where: ({ value, labels }) => {
          if (value === 64) throw new Error("no");
          return labels["host"] !== undefined;
        },
        map: ({ value }) => (value === 4 ? undefined : { value: -value, name: "all" }),
        groupBy: { name: false, labels: ["host"] },
      }),
    ],
    acts: [
      {
        name: "http.get",
        at: 1,
        value: 1,
        labels: [
          ["zone", "z"],
          ["host", "a1"],
        ],
      },
      { name: "http.get", at: 2, value: 2, labels: [["host", "b"]] },
      { name: "ftp.get", at: 3, value: 4, labels: [["host", "b"]] },
      { name: "ftp.get", at: 4, value: 8, labels: [["host", "a1"]] },
      { name: "http.get", at: 5, value: 16, labels: [["zone", "z"]] },
      { name: "http.put", at: 6, value: 32, labels: [["host", "b1"]] },
      { name: "ftp.put", at: 7, value: 64, labels: [["host", "a1"]] },
      { name: "http.put", at: 8, value: 64, labels: [["host", "b"]] },
    ],
    rows: [
      "m http.get{host=a1}{zone=z} sum [0,60) = 1 (n=1)",
      "m http.get{host=b} sum [0,60) = 2 (n=1)",
      "m http.put{host=b} sum [0,60) = 64 (n=1)",
      "w {host=a1} sum [0,60) = -9 (n=2)",
      "w {host=b1} sum [0,60) = -32 (n=1)",
      "w {host=b} sum [0,60) = -2 (n=1)",
    ],
    refused: ["2 filtered", "4 filtered", "6 rule_failed"],
    ledger: { received: 8, aggregated: 5, filtered: 2, invalid: 1 },
  },
];

export const examples: readonly Example[] = [...windows, ...overlapping, ...civil, ...choices];
