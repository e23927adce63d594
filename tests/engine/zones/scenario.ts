/**
 * A stream over the odd days of several zones, and its rows: printed, so that they can be compared
 * between processes that believe to be in different places.
 */
import { CALENDAR_UNITS } from "../../../src/core/window.ts";
import { Bench, calendar, hopping, ruleOf, session, textOf } from "../../support/engine-input.ts";

const ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "America/Havana", "Pacific/Apia"];
/** 2011-12-28, 2006-10-27, 2023-11-03, 2024-03-29. */
const ORIGINS = [1_325_030_400, 1_161_907_200, 1_698_969_600, 1_711_670_400];

const rules = [
  ...ZONES.flatMap((zone, i) =>
    CALENDAR_UNITS.map((unit) =>
      ruleOf({
        name: `${zone} ${unit}`,
        window: calendar(unit, zone, 1 + i),
        lateness: 86_400 * (i % 2),
        ...(unit === "day" && { fill: { with: "previous" as const, for: 3 * 86_400 } }),
      }),
    ),
  ),
  ruleOf({ name: "hopping", window: hopping(86_400, 21_600) }),
  ruleOf({ name: "session", window: session(7_200) }),
  ruleOf({ name: "where", size: 86_400, where: ({ timestamp }) => timestamp % 86_400 < 43_200 }),
];

const bench = new Bench(rules);
const lines: string[] = [];
for (const origin of ORIGINS.toSorted((a, b) => a - b)) {
  for (let i = 0; i < 140; i++) {
    // Every two thousand seconds and more, so that all hours of a day are met.
    bench.add([{ at: origin + i * 2_017 - (i % 7) * 1_800, value: i, name: "ab"[i % 2]! }]);
    lines.push(...bench.engine.collect().map(textOf));
  }
}
bench.engine.finish();
lines.push(...bench.engine.collect().map(textOf));
process.stdout.write(`${new Date(2024, 0, 1).getTime()}\n${lines.join("\n")}\n`);
