import * as v from "valibot";
import { commonDivisor } from "../core/common-divisor.ts";
import { PANES_PER_WINDOW_MAX } from "../core/limits.ts";
import { type DurationMicros, durationMicros, formatDuration } from "../core/time.ts";
import {
  CALENDAR_UNITS,
  type CalendarUnit,
  type CalendarWindow,
  type HoppingWindow,
  type SessionWindow,
  type TumblingWindow,
  WEEKDAYS,
  type WindowRule,
} from "../core/window.ts";
import type { WindowCall } from "./calls.ts";
import { duration } from "./duration.ts";
import { hintFor, shown } from "./explain.ts";
import { type AddIssue, parseWithin, reportPlace } from "./within.ts";
import { zone } from "./zone.ts";

const WISH = 'must be a window such as tumbling("60s")';

const NONE = durationMicros(0);

/** The window of a rule, as `tumbling("60s")` makes it. */
export const windowSchema: v.GenericSchema<WindowCall, WindowRule> = v.pipe(
  // Any value goes on: one place says what is wrong with it.
  v.custom<WindowCall>(() => true),
  v.rawTransform<WindowCall, WindowRule>(({ dataset, addIssue, NEVER }) => {
    const input: unknown = dataset.value;
    if (typeof input !== "object" || input === null || !("kind" in input)) {
      addIssue({ message: WISH });
      return NEVER;
    }
    const { kind, ...call } = input;
    const read = readers.get(kind);
    if (read === undefined) {
      const kinds = [...readers.keys()].filter((one) => typeof one === "string");
      reportPlace(addIssue, [], `kind ${shown(kind)} ${WISH}${hintFor(kind, kinds)}`);
      return NEVER;
    }
    return read(call, addIssue) ?? NEVER;
  }),
);

type Call = Readonly<Record<string, unknown>>;

/** Undefined: something was wrong, and is said. */
type Read = (call: Call, addIssue: AddIssue) => WindowRule | undefined;

const readers: ReadonlyMap<unknown, Read> = new Map<unknown, Read>([
  ["tumbling", readTumbling],
  ["hopping", readHopping],
  ["session", readSession],
  ["calendar", readCalendar],
]);

/**
 * The argument and the options of a call. The first argument has no name in the file: its place is the window
 * itself.
 */
function parseCall<Argument, Options>(
  call: Call,
  addIssue: AddIssue,
  schemas: {
    readonly argument: readonly [key: string, schema: v.GenericSchema<unknown, Argument>];
    readonly options: v.GenericSchema<unknown, Options>;
  },
): { readonly argument: Argument; readonly options: Options } | undefined {
  const [key, schema] = schemas.argument;
  const { [key]: first, ...rest } = call;
  const argument = parseWithin(schema, { input: first, path: [], addIssue });
  const options = parseWithin(schemas.options, { input: rest, path: [], addIssue });
  if (argument === undefined || options === undefined) return undefined;
  return { argument: argument.output, options: options.output };
}

const offset = v.optional(duration({ min: "0us" }));

const tumblingOptions = v.strictObject({ offset });

function readTumbling(call: Call, addIssue: AddIssue): TumblingWindow | undefined {
  const schemas = { argument: ["size", duration()], options: tumblingOptions } as const;
  const parsed = parseCall(call, addIssue, schemas);
  if (parsed === undefined) return undefined;
  const { argument: size, options } = parsed;
  if (options.offset !== undefined && options.offset >= size) {
    return refuse(addIssue, "offset", "must be less than the size of the window");
  }
  return { kind: "tumbling", size, offset: options.offset ?? NONE };
}

const hoppingOptions = v.strictObject({ every: duration(), offset });

function readHopping(call: Call, addIssue: AddIssue): HoppingWindow | undefined {
  const schemas = { argument: ["size", duration()], options: hoppingOptions } as const;
  const parsed = parseCall(call, addIssue, schemas);
  if (parsed === undefined) return undefined;
  const { argument: size, options } = parsed;
  const { every } = options;
  if (every > size) {
    return refuse(
      addIssue,
      "every",
      `must be at most the size of the window, ${formatDuration(size)}`,
    );
  }
  if (options.offset !== undefined && options.offset >= every) {
    return refuse(addIssue, "offset", `must be less than every, ${formatDuration(every)}`);
  }
  const pane = paneOf({ size, every });
  if (size / pane > PANES_PER_WINDOW_MAX) {
    const message =
      `windows of ${formatDuration(size)} every ${formatDuration(every)} consist of ${size / pane} panes of ` +
      `${formatDuration(pane)} each, must be at most ${PANES_PER_WINDOW_MAX}: ` +
      `choose an every that divides the size, such as "${formatDuration(everyNear({ size, every }))}"`;
    return refuse(addIssue, "every", message);
  }
  return { kind: "hopping", size, every, offset: options.offset ?? NONE };
}

/** The length of the panes that hopping windows are composed of. */
export function paneOf({ size, every }: Pick<HoppingWindow, "size" | "every">): DurationMicros {
  return durationMicros(commonDivisor(size, every));
}

/** The shortest length from `every` on that divides the size often enough and not too often. */
function everyNear({ size, every }: Pick<HoppingWindow, "size" | "every">): DurationMicros {
  let parts = Math.min(PANES_PER_WINDOW_MAX, Math.floor(size / every));
  while (size % parts !== 0) parts--;
  return durationMicros(size / parts);
}

function readSession(call: Call, addIssue: AddIssue): SessionWindow | undefined {
  const schemas = { argument: ["gap", duration()], options: v.strictObject({}) } as const;
  const parsed = parseCall(call, addIssue, schemas);
  return parsed && { kind: "session", gap: parsed.argument };
}

const unitSchema: v.GenericSchema<unknown, CalendarUnit> = v.picklist(CALENDAR_UNITS);

const calendarOptions = v.strictObject({
  zone: v.optional(zone(), "UTC"),
  weekStart: v.optional(v.picklist(WEEKDAYS)),
});

function readCalendar(call: Call, addIssue: AddIssue): CalendarWindow | undefined {
  const schemas = { argument: ["unit", unitSchema], options: calendarOptions } as const;
  const parsed = parseCall(call, addIssue, schemas);
  if (parsed === undefined) return undefined;
  const { argument: unit, options } = parsed;
  const { weekStart } = options;
  if (weekStart !== undefined && unit !== "week") {
    return refuse(addIssue, "weekStart", `must not be given for a ${unit}: it is for weeks alone`);
  }
  const first = weekStart === undefined ? 0 : WEEKDAYS.indexOf(weekStart);
  return { kind: "calendar", unit, zone: options.zone, weekStart: first + 1 };
}

function refuse(addIssue: AddIssue, option: string, message: string): undefined {
  reportPlace(addIssue, [option], message);
}
